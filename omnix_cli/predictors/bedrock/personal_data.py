"""Keeps personal data from the model: pseudonyms for customers, and a scanner of prompts and answers."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock import detectors

PSEUDONYM_LENGTH = 10
"""Characters of base32, 50 bits: among a million customers, the chance that any two are alike is 1 in 2,000."""
MIN_ID_LENGTH = 4
MIN_NUMBER_LENGTH = 7
"""Numeric customer ids are searched for from this many digits on: shorter ones are also sizes and years."""

LONGEST_ID = 6
"""Words of a customer id that are looked for; of longer ids, the first."""
MIN_LOOSE_LENGTH = 6
"""Letters and digits of an id from which on its words may be joined in any way: `C-100` is not `vitamin C 100`."""

_WORD = re.compile(r"\w(?:[\w@.:+/-]*\w)?")
_WORD_OR_EDGE = re.compile(rf"{_WORD.pattern}|[|\n]")
"""Words, and the edges of the cells of a prompt, over which no id goes."""
_JOINTS = re.compile(r"[^\S\n]+|[_-]+")
_DETECTORS = {
    "a mail address": detectors.mail_addresses,
    "a phone number": detectors.phone_numbers,
    "a card number": detectors.card_numbers,
    "an account number": detectors.account_numbers,
    "a street": detectors.streets,
    "a name": detectors.people,
}


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
    """Finds what must not be in a prompt: what the detectors find, the configured patterns, and customer ids.

    Ids of `products` are allowed, whatever they look like. A customer id is found as whole words, in any letter case;
    `customers` has them as `_phrase` writes them, by their number of words."""

    customers: Mapping[int, frozenset[str]] = field(default_factory=dict)
    products: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of(cls, customers: Iterable[str], products: Collection[str], patterns: Iterable[str] = ()) -> Scanner:
        """Raises `ConfigError` for a pattern that is not a regular expression."""
        allowed = frozenset(products)
        ids = {_phrase(id) for id in customers if len(id) >= (MIN_NUMBER_LENGTH if id.isdigit() else MIN_ID_LENGTH)}
        by_words: dict[int, set[str]] = {}
        for phrase in ids.difference(map(_phrase, allowed)):
            by_words.setdefault(phrase.count(" ") + 1, set()).add(phrase)
        found = {count: frozenset(phrases) for count, phrases in by_words.items()}
        return cls(found, allowed, tuple(map(_compiled, patterns)))

    def kinds(self, text: str) -> list[str]:
        """The kinds of personal data in a text, never the data."""
        return [kind for kind, is_found in self._checks(detectors.plain(text), text) if is_found]

    def _checks(self, text: str, written: str) -> Iterator[tuple[str, bool]]:
        for kind, detector in _DETECTORS.items():
            yield kind, any(found not in self.products for found in detector(text))
        yield "a forbidden pattern", any(pattern.search(form) for pattern in self.patterns for form in {text, written})
        yield "a customer id", bool(self.customers) and self._has_customer(text)

    def _has_customer(self, text: str) -> bool:
        text = text.casefold()
        for form in {text, _JOINTS.sub(" ", text)}:
            words = _WORD_OR_EDGE.findall(form)
            for count, phrases in self.customers.items():
                runs = (words[start:] for start in range(count))
                if not phrases.isdisjoint(words if count == 1 else map(" ".join, zip(*runs, strict=False))):
                    return True
        return False


def _phrase(id: str) -> str:
    """A customer id in the form that it is looked for."""
    text = detectors.plain(id).casefold()
    if text.isalnum():
        return text
    joined = _JOINTS.sub(" ", text)
    letters = joined.replace(" ", "")
    is_loose = len(letters) >= MIN_LOOSE_LENGTH and not letters.isdigit()
    return " ".join(_WORD.findall(joined if is_loose else text)[:LONGEST_ID]) or text


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f"bedrock.forbidden_patterns: {pattern!r} is not a regular expression: {error}", hint="Fix or remove it."
        ) from error
