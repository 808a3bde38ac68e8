from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.personal_data import Scanner, pseudonym

SECRET = SecretStr("0123456789abcdef0123456789abcdef")
OTHER = SecretStr("fedcba9876543210fedcba9876543210")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Gift box for jane.doe+gifts@example.co.uk, red", "a mail address"),
        ("Call +49 30 901820 today", "a phone number"),
        ("Call +1 (212) 555-0187", "a phone number"),
        ("Fax 0049 30 9018200", "a phone number"),
        ("Shop (030) 901 8200", "a phone number"),
        ("Hotline 0800 123 4567", "a phone number"),
        ("212-555-0187 pizza", "a phone number"),
        ("Card 4111 1111 1111 1111", "a card number"),
        ("Card 378282246310005", "a card number"),
        ("to DE89 3704 0044 0532 0130 00 please", "an account number"),
        ("GB29NWBK60161331926819", "an account number"),
        ("member NL-77321 bag", "a forbidden pattern"),
        ("Mug of anna-lena!", "a customer id"),
        ("MUG OF ANNA LENA", "a customer id"),
        ("mug|Anna_Lena|gifts", "a customer id"),
        ("for \uff21\uff4e\uff4e\uff41-\uff2c\uff45\uff4e\uff41", "a customer id"),
        ("Jane  Doe's mug", "a customer id"),
        ("JANE\u00a0DOE", "a customer id"),
        ("A la Carte of the old Town Hall", "a customer id"),
        ("Vitamin C-100", "a customer id"),
        ("Engraved: 20481632", "a customer id"),
    ],
)
def test_personal_data_is_found(text: str, kind: str) -> None:
    long = "a la carte of the old town hall"
    scanner = Scanner.of(["anna-lena", "Jane Doe", "c-100", long, "20481632", "17", "bob"], [], [r"NL-\d{5}"])
    assert scanner.kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "FLUID MILK WHITE ONLY 1 GA",
        "Water 6x1.5 l @ home, 1000 ml, 2017-01-02",
        "1082185|BANANAS|TROPICAL FRUIT|23|2017-09-27|7,8,7,9,14,7,7|1|2017-10-04|2017-10-02|2017-10-12|7.5",
        "4006381333931|Pen|Office|4|2018-01-08|100,200,300|1|2018-01-15|2018-01-13|2018-01-17|7.0",
        "4111111111111112 is no card",
        "DE00 3704 0044 0532 0130 00 is no account",
        "SIZE 0330 12 PACK, 0,5 l, 30-40 W, 123-45",
        "Annalena is not the id, bob and 17 are too short to be told from other words",
        "Anna|Lena",
        "Vitamin C 100, c100",
        "20481 and 1632",
    ],
)
def test_sizes_dates_gaps_and_bar_codes_are_no_personal_data(text: str) -> None:
    assert Scanner.of(["anna-lena", "c-100", "20481632", "17", "bob", "1000"], []).kinds(text) == []


def test_numbers_of_the_catalogue_are_no_finding() -> None:
    known = ["4111111111111111", "0800 123 4567", "household-17"]
    text = "4111111111111111|Tea|\n0800 123 4567|Oil|\nhousehold-17|Soap|"
    assert Scanner.of(["household-17"], known).kinds(text) == []
    assert Scanner.of(["household-17"], []).kinds(text) == ["a phone number", "a card number", "a customer id"]


def test_a_pattern_must_be_a_regular_expression() -> None:
    with pytest.raises(ConfigError, match="not a regular expression"):
        Scanner.of([], [], ["("])


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_scanned(text: str) -> None:
    assert isinstance(Scanner.of(["abcde"], []).kinds(text), list)


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
