from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.safe_text.masking import without_secrets

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
