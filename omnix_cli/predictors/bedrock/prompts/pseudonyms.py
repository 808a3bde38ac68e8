"""What may leave: pseudonyms in place of customers, and nothing that looks like personal data."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from pydantic import SecretStr

from omnix_cli.errors import ConfigError

PSEUDONYM_LENGTH = 10
"""Signs of base32, 50 bits: among a million customers the chance of any two alike is 1 in 2,000."""
MIN_ID_LENGTH = 4
MIN_NUMBER_LENGTH = 7
"""Customer ids that are plain numbers are looked for from so many digits on: shorter ones are sizes and years too."""

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![\w+])(?<!\d )(?:\+\d(?:[ ()./-]{0,2}\d){7,14}|00[1-9](?:[ ()./-]{0,2}\d){8,13}"
    r"|\(0?\d{2,4}\)[ ./-]?\d{3}(?:[ ./-]?\d){3,7}|0\d{2,4}[ /-]\d{3,4}(?:[ /-]?\d){3,6}|\d{3}[.-]\d{3}[.-]\d{4})(?!\w)"
)
_CARD = re.compile(r"(?<![\w.,-])[2-6](?:[ -]?\d){14,18}(?![\w.,-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_WORD = re.compile(r"\w[\w@.:+-]*\w")


def pseudonym(secret: SecretStr | None) -> Callable[[str], str]:
    """What names a customer in prompts: an HMAC-SHA256 keyed with the secret, cut to `PSEUDONYM_LENGTH` signs.

    The same customer has the same one as long as the secret stays. Raises `ConfigError` when there is none."""
    key = secret.get_secret_value().encode() if secret else b""
    if len(key) < 16:
        raise ConfigError(
            f"bedrock.pseudonym_secret is {'shorter than 16 signs' if key else 'missing'}",
            hint="Set it once with `export OMNIX_BEDROCK__PSEUDONYM_SECRET=$(openssl rand -hex 32)` and keep it safe.",
        )

    def name(customer_id: str) -> str:
        digest = hmac.digest(key, customer_id.encode(), "sha256")
        return base64.b32encode(digest).decode()[:PSEUDONYM_LENGTH].lower()

    return name


@dataclass(frozen=True)
class Scanner:
    """Finds what must not be in a prompt: mail addresses, phone, card and account numbers, the configured patterns, and
    customer ids that stand as a word of their own.

    A number is no finding where it is one of the `products`, nor an id that is one. Phone, card and account numbers are
    recognised by their usual written forms (a card by Luhn's digit from 15 digits on, as 13 and 14 are bar codes; an
    account by ISO 7064), which keeps false alarms on sizes, dates and gaps rare."""

    customers: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = field(default=())

    @classmethod
    def of(cls, customers: Iterable[str], products: Collection[str], patterns: Iterable[str] = ()) -> Scanner:
        """Raises `ConfigError` for a pattern that is no regular expression."""
        sought = frozenset(id for id in customers if len(id) >= (MIN_NUMBER_LENGTH if id.isdigit() else MIN_ID_LENGTH))
        return cls(sought.difference(products), frozenset(products), tuple(map(_compiled, patterns)))

    def found(self, text: str) -> list[str]:
        """What kinds of personal data are in a text, never the data."""
        return [kind for kind, is_there in self._checks(text) if is_there]

    def _checks(self, text: str) -> Iterable[tuple[str, bool]]:
        yield "a mail address", "@" in text and _MAIL.search(text) is not None
        yield "a phone number", self._holds(_PHONE, text, lambda number: True)
        yield "a card number", self._holds(_CARD, text, _has_luhn_digit)
        yield "an account number", self._holds(_IBAN, text, _is_iban)
        yield "a forbidden pattern", any(pattern.search(text) for pattern in self.patterns)
        yield "a customer id", bool(self.customers) and not self.customers.isdisjoint(_WORD.findall(text))

    def _holds(self, pattern: re.Pattern[str], text: str, is_real: Callable[[str], bool]) -> bool:
        return any(match[0] not in self.products and is_real(match[0]) for match in pattern.finditer(text))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f"bedrock.forbidden_patterns: {pattern!r} is no regular expression: {error}", hint="Mend or remove it."
        ) from error


def _has_luhn_digit(number: str) -> bool:
    digits = [int(sign) for sign in reversed(number) if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """ISO 7064 MOD 97-10: the country and its digits moved to the end, letters as 10 to 35."""
    signs = text.replace(" ", "")
    return 15 <= len(signs) <= 34 and int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1
