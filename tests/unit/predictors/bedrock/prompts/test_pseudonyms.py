from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode

import pytest
from pydantic import SecretStr

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.prompts.pseudonyms import pseudonym

SECRET = SecretStr("0123456789abcdef0123456789abcdef")
OTHER = SecretStr("fedcba9876543210fedcba9876543210")


def test_a_pseudonym_is_the_keyed_hash_of_the_id() -> None:
    digest = hmac.new(SECRET.get_secret_value().encode(), b"household-17", hashlib.sha256).digest()
    assert pseudonym(SECRET)("household-17") == b32encode(digest).decode()[:10].lower()


def test_pseudonyms_are_stable_short_and_different_and_another_secret_unlinks_them() -> None:
    ids = [str(number) for number in range(20_000)]
    names = {pseudonym(SECRET)(customer) for customer in ids}
    assert len(names) == 20_000
    assert all(re.fullmatch("[a-z2-7]{10}", name) for name in names)
    assert names == {pseudonym(SECRET)(customer) for customer in ids}
    assert names.isdisjoint(pseudonym(OTHER)(customer) for customer in ids)


@pytest.mark.parametrize("secret", [None, SecretStr(""), SecretStr("too short")])
def test_without_a_secret_the_hint_says_how_to_make_one(secret: SecretStr | None) -> None:
    with pytest.raises(ConfigError) as error:
        pseudonym(secret)
    assert "openssl rand -hex 32" in str(error.value.hint)
    assert "too short" not in error.value.message
