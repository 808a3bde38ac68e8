from __future__ import annotations

import json
import sys
from unicodedata import category

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.safe_text import escaped_json, one_line, printable, without_secrets

EVERY = "".join(map(chr, range(sys.maxunicode + 1)))


def test_of_all_characters_only_visible_ones_and_line_breaks_are_left() -> None:
    left = set(printable(EVERY)) - set("\n\t\u200c\u200d\xad")
    assert not {one for one in left if category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert set("aé日🧀\xa0 \u200d\ue000") <= set(printable(EVERY))


def test_a_message_is_one_line() -> None:
    assert one_line("no file a\r\nerror: b\x85c") == "no file a error: b\ufffdc"
    assert one_line("plain, also café") == "plain, also café"


def test_json_keeps_its_values() -> None:
    values = {"name": "\x7f\x9b\u202e\U000e0041 é🧀"}
    text = json.dumps(values, ensure_ascii=False)
    assert printable(escaped_json(text)) == escaped_json(text) != text
    assert json.loads(escaped_json(text)) == values


SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        "no connection to http://user:hunter2@host:8000/path",
        "http://hunter2@host",
        "Invalid endpoint: user:hunter2@host:8000",
        "https://user:a/hunter2@host/",
        "https://user:a?b#hunter2@host/",
        'Could not connect to the endpoint URL: "HTTPS://u:hunter2@h/t?x=1"',
        "postgresql+psycopg://u:hunter2@db/shop",
        "https://bucket.s3.amazonaws.com/key?X-Amz-Signature=hunter2&X-Amz-Expires=1",
        "https://h/?a=1&X-Amz-Security-Token=hunter2%3D%3D",
        "https://h/blob?sv=1&sig=hunter2",
        "https://h/?access_token=hunter2#part",
        "https://h/?apiKey=hunter2",
        "The Canonical String should have been\n'POST\n/\n\nhost:h\nx-amz-security-token:hunter2\n\nhost'",
        "{'Authorization': 'AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=hunter2'}",
        '{"X-Amz-Security-Token": "hunter2"}',
    ],
)
def test_passwords_and_tokens_are_taken_out(text: str) -> None:
    shown = without_secrets(text)
    assert SECRET not in shown and "***" in shown
    error = ConfigError(text, hint=text)
    assert SECRET not in f"{error} {error.message} {error.hint}"


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/a@b/c?.csv",
        "s3://bucket/sales[2024].csv?x=1",
        "mail me at a@b.c or mailto:a@b.c, see https://host/path",
        "https://host:8000/a?page=2&count=3",
        "user is not authorized to perform: dynamodb:Scan",
        "bedrock.pseudonym_secret is missing",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert without_secrets(text) == text
