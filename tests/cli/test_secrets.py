"""No secret is shown, logged or recorded, also where it is in the wrong place or of the wrong type."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.hostile_service import hostile_service
from tests.cli.conftest import Answer, Omnix, omnix, ran, shop

__all__ = ["omnix", "ran", "shop"]  # fixtures

SECRET = "hunter2-of-sixteen-signs"
SECTIONS = ("store", "s3", "bedrock")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    yield
    log = logging.getLogger("omnix_cli")
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()


def check(answer: Answer, code: int | None = None) -> Answer:
    assert SECRET not in answer.out + answer.err
    assert answer.code not in (1, 120) and code in (None, answer.code), answer.err
    return answer


def check_files(*given: str) -> None:
    """No file in the folder has the secret, but for those given."""
    files = {str(file): file.read_bytes() for file in Path().rglob("*") if file.is_file()}
    assert not [name for name, content in files.items() if SECRET.encode() in content and name not in given]


@pytest.mark.parametrize(
    "value",
    [
        "12345678901234567",
        "true",
        f'["{SECRET}"]',
        f'{{ key = "{SECRET}" }}',
        f'[[{{ a = "{SECRET}" }}]]',
        "1979-05-27",
        "1e300",
    ],
)
def test_a_secret_of_a_wrong_type(value: str, omnix: Omnix) -> None:
    Path("omnix.toml").write_text(f"[bedrock]\npseudonym_secret = {value}\n")
    answer = check(omnix("config", "show"), 2)
    assert "bedrock.pseudonym_secret = *** (omnix.toml)" in answer.err
    assert value not in answer.err


def test_a_secret_in_the_environment(omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (f'["{SECRET}"]', f'{{"a": "{SECRET}"}}'):
        monkeypatch.setenv("OMNIX_BEDROCK__PSEUDONYM_SECRET", text)
        check(omnix("config", "show"), 2)
    monkeypatch.setenv("OMNIX_BEDROCK__PSEUDONYM_SECRET", SECRET)
    for kind in ("table", "json", "csv"):
        check(omnix("config", "show", "--format", kind), 0)
    check(omnix("init", "--config", "made.toml"), 0)
    monkeypatch.setenv("OMNIX_BEDROCK", f'{{"pseudonym_secret": "{SECRET}"}}')
    check(omnix("config", "show"), 2)
    check_files()


def test_a_secret_under_a_name_that_is_none(omnix: Omnix) -> None:
    for line in (f'bedrock = "{SECRET}"', f'[bedrock]\npseudonim_secret = "{SECRET}"', f'[bedrock]\nx = "{SECRET}'):
        Path("omnix.toml").write_text(f"{line}\n")
        check(omnix("config", "show"), 2)


@pytest.mark.parametrize("form", ["{scheme}://user:{secret}@{host}", "{scheme}://{secret}@{host}"])
def test_a_password_in_the_address_of_a_service(form: str, ran: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    with hostile_service("AccessDeniedException", "no") as url:
        scheme, _, host = url.partition("://")
        address = form.format(scheme=scheme, secret=SECRET, host=host)
        for section in SECTIONS:
            monkeypatch.setenv(f"OMNIX_{section.upper()}__ENDPOINT_URL", address)
        shown = {
            one["setting"]: one["value"] for one in json.loads(check(ran("config", "show", "--format", "json")).out)
        }
        assert {shown[f"{section}.endpoint_url"] for section in SECTIONS} == {f"http://***@{host}"}
        for command in ("config show", "config show --format csv", "init --config made.toml", "run --force"):
            check(ran(*command.split()), 0)
        assert "***" not in Path("made.toml").read_text()
        for command in ("tables status", "tables copy products", "publish --force", "import purchases --from dynamodb"):
            check(ran(*command.split(), "--verbose", *(["--store", "dynamodb"] if "publish" in command else [])))
        monkeypatch.setenv("OMNIX_STORE__KIND", "dynamodb")
        for command in ("tables status", "config check", "import purchases s3://bucket/key.csv", "runs list"):
            check(ran(*command.split(), "--log-format", "json", "--verbose"))
        monkeypatch.delenv("OMNIX_STORE__KIND")
        place = ("--to", f"endpoint_url={address}", "--to", "kind=dynamodb")
        check(ran("tables", "copy", "recommendations", *place), 2)
        check(ran("tables", "copy", "recommendations", "--to", f"endpoint_url={address}", "--to", "kind=" + address))
        check(ran("runs", "diff", "latest", "latest"))
    check_files()


@pytest.mark.parametrize("address", ["ftp://user:{}@h", "user:{}@h:80", "http://user:{}@h:99999", "http://u:a/{}@h"])
def test_a_password_in_an_address_that_is_none(address: str, omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    for section in SECTIONS:
        monkeypatch.setenv(f"OMNIX_{section.upper()}__ENDPOINT_URL", address.format(SECRET))
    monkeypatch.setenv("OMNIX_STORE__KIND", "dynamodb")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for command in ("config show", "tables status", "import purchases s3://bucket/key.csv", "config check"):
        check(omnix(*command.split()))
    check_files()


def test_what_a_service_repeats_of_a_request(
    omnix: Omnix, monkeypatch: pytest.MonkeyPatch, aws_environment: None
) -> None:
    text = f"The Canonical String should have been\n'POST\n/\n\nx-amz-security-token:{SECRET}\n\nhost'"
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    with hostile_service("InvalidSignatureException", text) as url:
        for section in SECTIONS:
            monkeypatch.setenv(f"OMNIX_{section.upper()}__ENDPOINT_URL", url)
        for command in ("tables status", "import purchases --from dynamodb", "import purchases s3://bucket/key.csv"):
            monkeypatch.setenv("OMNIX_STORE__KIND", "dynamodb")
            for transport in ("signed", "boto3"):
                monkeypatch.setenv("OMNIX_STORE__TRANSPORT", transport)
                check(omnix(*command.split(), "--verbose"))
    check_files()
