"""Keeps personal data from the model: pseudonyms for customers, and a scanner of prompts and answers."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from pydantic import SecretStr

from omnix_cli.errors import ConfigError

PSEUDONYM_LENGTH = 10
"""Characters of base32, 50 bits: among a million customers, the chance that any two are alike is 1 in 2,000."""
MIN_ID_LENGTH = 4
MIN_NUMBER_LENGTH = 7
"""Numeric customer ids are searched for from this many digits on: shorter ones are also sizes and years."""

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![\w+])(?<!\d )(?:\+\d(?:[ ()./-]{0,2}\d){7,14}|00[1-9](?:[ ()./-]{0,2}\d){8,13}"
    r"|\(0?\d{2,4}\)[ ./-]?\d{3}(?:[ ./-]?\d){3,7}|0\d{2,4}[ /-]\d{3,4}(?:[ /-]?\d){3,6}|\d{3}[.-]\d{3}[.-]\d{4})(?!\w)"
)
_CARD = re.compile(r"(?<![\w.,-])[2-6](?:[ -]?\d){14,18}(?![\w.,-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_WORD = re.compile(r"\w[\w@.:+-]*\w")


def pseudonym(secret: SecretStr | None) -> Callable[[str], str]:
    """The name of a customer in prompts: an HMAC-SHA256 keyed with the secret, cut to `PSEUDONYM_LENGTH` characters.

    It stays the same as long as the secret does. Raises `ConfigError` when there is no secret."""
    key = secret.get_secret_value().encode() if secret else b""
    if len(key) < 16:
        raise ConfigError(
            f"bedrock.pseudonym_secret is {'shorter than 16 characters' if key else 'missing'}",
            hint="Set it once with `export OMNIX_BEDROCK__PSEUDONYM_SECRET=$(openssl rand -hex 32)` and keep it safe.",
        )

    def name(customer_id: str) -> str:
        digest = hmac.digest(key, customer_id.encode(), "sha256")
        return base64.b32encode(digest).decode()[:PSEUDONYM_LENGTH].lower()

    return name


@dataclass(frozen=True)
class Scanner:
    """Finds what must not be in a prompt: email addresses, phone, card and account numbers, the configured patterns,
    and customer ids that are whole words.

    Ids of `products` are allowed, whatever they look like. Phone, card and account numbers are recognised by their
    usual forms (a card by Luhn's digit from 15 digits on, as 13 and 14 are bar codes; an account by ISO 7064), so that
    sizes, dates and gaps rarely cause false alarms."""

    customers: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of(cls, customers: Iterable[str], products: Collection[str], patterns: Iterable[str] = ()) -> Scanner:
        """Raises `ConfigError` for a pattern that is not a regular expression."""
        ids = frozenset(id for id in customers if len(id) >= (MIN_NUMBER_LENGTH if id.isdigit() else MIN_ID_LENGTH))
        return cls(ids.difference(products), frozenset(products), tuple(map(_compiled, patterns)))

    def kinds(self, text: str) -> list[str]:
        """The kinds of personal data in a text, never the data."""
        return [kind for kind, is_found in self._checks(text) if is_found]

    def _checks(self, text: str) -> Iterable[tuple[str, bool]]:
        yield "a mail address", "@" in text and _MAIL.search(text) is not None
        yield "a phone number", self._has(_PHONE, text, lambda number: True)
        yield "a card number", self._has(_CARD, text, _has_luhn_digit)
        yield "an account number", self._has(_IBAN, text, _is_iban)
        yield "a forbidden pattern", any(pattern.search(text) for pattern in self.patterns)
        yield "a customer id", bool(self.customers) and not self.customers.isdisjoint(_WORD.findall(text))

    def _has(self, pattern: re.Pattern[str], text: str, is_real: Callable[[str], bool]) -> bool:
        return any(match[0] not in self.products and is_real(match[0]) for match in pattern.finditer(text))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f"bedrock.forbidden_patterns: {pattern!r} is not a regular expression: {error}", hint="Fix or remove it."
        ) from error


def _has_luhn_digit(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """ISO 7064 MOD 97-10: the country and its digits moved to the end, letters as 10 to 35."""
    number = text.replace(" ", "")
    return 15 <= len(number) <= 34 and int("".join(str(int(one, 36)) for one in number[4:] + number[:4])) % 97 == 1
