from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.stores.s3.errors import Changed, refusal, s3_errors


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchKey", 404, FileNotFoundError),
        ("PreconditionFailed", 412, Changed),
        ("SlowDown", 503, UnavailableError),
        ("Whatever", 500, UnavailableError),
        ("NotImplemented", 501, ConfigError),
        ("501", 501, ConfigError),
        ("AccessDenied", 403, ConfigError),
        ("Whatever", 400, ConfigError),
    ],
)
def test_an_error_code_becomes_an_error_of_omnix(code: str, status: int, expected: type[Exception]) -> None:
    assert isinstance(refusal("s3://shop/a", code, "no", status), expected)
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(expected), s3_errors("s3://shop/a"):
        raise ClientError(answer, "GetObject")


def test_a_lost_connection_is_temporary_and_missing_credentials_are_not() -> None:
    with pytest.raises(UnavailableError, match="s3://shop/a cannot be reached"), s3_errors("s3://shop/a"):
        raise EndpointConnectionError(endpoint_url="http://nowhere")
    with pytest.raises(ConfigError, match="s3://shop/a"), s3_errors("s3://shop/a"):
        raise NoCredentialsError
