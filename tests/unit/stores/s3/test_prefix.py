from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3 import prefix as s3
from omnix_cli.stores.s3.errors import Changed
from omnix_cli.stores.s3.prefix import Prefix, connect
from tests.aws.scripted_s3 import CONTENT, CUT, Script, scripted_s3

pytestmark = pytest.mark.usefixtures("aws_environment")


def bucket(script: Script) -> Prefix:
    return connect("s3://shop/in", S3Settings(endpoint_url=script.url))


@pytest.mark.parametrize(
    "answers",
    [
        [("InternalError", 500), ("InternalError", 500)],
        [("SlowDown", 503)],
        [("RequestTimeout", 400)],
    ],
)
def test_what_passes_is_tried_again(answers: list[tuple[str, int]]) -> None:
    with scripted_s3(answers) as script:
        assert bucket(script).get("a") == (CONTENT, '"tag"')
        assert len(script.asked) == len(answers) + 1


def test_what_was_cut_off_is_fetched_again() -> None:
    with scripted_s3([(CUT, 200), (CUT, 200)]) as script:
        place = bucket(script)
        assert place.block("a", 0, len(CONTENT), '"tag"') == CONTENT
        assert len(script.asked) == 3
        script.answers.append((CUT, 200))
        assert place.get("a") == (CONTENT, '"tag"')


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "ServiceUnavailable"])
def test_what_does_not_pass_is_unavailable(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "ATTEMPTS", 2)
    with scripted_s3([(code, 503)] * 9) as script:
        with pytest.raises(UnavailableError, match=rf"s3://shop/ina: so it is written \({code}, after retries\)"):
            bucket(script).get("a")
        assert len(script.asked) == 2


def test_a_connection_that_is_cut_again_and_again_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "ATTEMPTS", 2)
    with scripted_s3([(CUT, 200)] * 9) as script, pytest.raises(UnavailableError, match="cannot be reached"):
        bucket(script).block("a", 0, len(CONTENT), '"tag"')


@pytest.mark.parametrize(
    ("code", "status", "hint"),
    [
        ("AccessDenied", 403, "permissions"),
        ("InvalidAccessKeyId", 403, "profile"),
        ("ExpiredToken", 400, "Log in again"),
        ("AuthorizationHeaderMalformed", 400, "another region"),
        ("NoSuchBucket", 404, "name of the bucket"),
    ],
)
def test_what_the_user_must_mend_is_told_with_the_way_out(code: str, status: int, hint: str) -> None:
    with scripted_s3([(code, status)] * 9) as script:
        with pytest.raises(ConfigError, match=code) as caught:
            bucket(script).get("a")
        assert caught.value.hint is not None
        assert hint in caught.value.hint


def test_what_is_not_there_is_none_and_what_is_another_was_changed() -> None:
    with scripted_s3([("NoSuchKey", 404), ("NoSuchKey", 404), ("PreconditionFailed", 412)]) as script:
        place = bucket(script)
        assert place.get("a") is None
        with pytest.raises(Changed):
            place.block("a", 0, 5, '"tag"')
        with pytest.raises(Changed):
            place.block("a", 0, 5, '"tag"')


@pytest.mark.parametrize("address", ["shop/in", "s3://", "s3:/shop", "s3:///in"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="not an address"):
        connect(address, S3Settings())


def test_prefixes_within_prefixes() -> None:
    root = connect("s3://shop", S3Settings())
    assert str(root.within("")) == "s3://shop/"
    assert str(root.within("runs")) == "s3://shop/runs/"
    assert str(connect("s3://shop/team", S3Settings()).within("")) == "s3://shop/team/"
    assert str(connect("s3://shop/team/", S3Settings()).within("runs")) == "s3://shop/team/runs/"
