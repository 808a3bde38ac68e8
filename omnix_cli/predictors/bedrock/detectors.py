"""What looks like personal data in a text: addresses of mail and of streets, numbers of phones, cards and accounts,
and people with their title.

A detector finds the usual forms only. `docs/model-predictions.md` says what none of them finds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from phonenumbers import Leniency, PhoneNumberMatcher

PHONE_REGIONS = ("AT", "BE", "CH", "DE", "ES", "FR", "GB", "IT", "NL", "PL", "PT", "US")
"""Whose numbers are found as they are written at home; with `+` or 00, those of any country are."""

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_AT = re.compile(r"[(\[{] ?at ?[)\]}]", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,64}(?:@| ?[(\[{] ?(?:at|@) ?[)\]}] ?)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w+])(?<!\d )(?:\+\d(?:[ ()./-]{0,2}\d){7,14}|00[1-9](?:[ ()./-]{0,2}\d){8,13}"
    r"|\(0?\d{2,4}\)[ ./-]?\d{3}(?:[ ./-]?\d){3,7}|0\d{2,4}[ /-]\d{3,4}(?:[ /-]?\d){3,6}|\d{3}[.-]\d{3}[.-]\d{4})(?!\w)"
)
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_NUMBER = re.compile(r"(?<![\w.,/-])\(?\d(?:[ ()./-]{0,2}\d){6,14}(?![\w-])")
_SEPARATORS = re.compile(r"[ ()./-]+")
_FEWEST_DIGITS = 9
_CARD = re.compile(r"(?<![\w.,-])[2-6](?:[ -]?\d){14,18}(?![\w.,-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_WORD = r"[^\W\d_][\w'.-]*"
_STREET_WORDS = (
    *("rue", "avenue", "av.", "boulevard", "bd", "allée", "impasse", "quai", "street", "road", "straße", "strasse"),
    *(
        "str.",
        "gasse",
        "allee",
        "straat",
        "gracht",
        "calle",
        "avenida",
        "avda",
        "via",
        "corso",
        "piazza",
        "plaza",
        "rua",
    ),
)
"""A text without any of these is not searched: looking for a word is a hundred times as fast as a pattern."""
_UNIT = r"(?:oz|fl|lb|g|kg|ml|cl|l|ct|pk|pc|pcs|pack|x)\b"
_NAMED = rf"(?:{_WORD} ){{0,3}}{_WORD}"
_STREET = re.compile(
    rf"\b\d{{1,4}} ?(?:bis|ter|[a-d])?,? (?:rue|avenue|av\.|boulevard|bd|allée|impasse|quai)\.? {_WORD}"
    rf"|\b\d{{1,4}}[a-d]? (?!{_UNIT}){_NAMED} (?:street|road|avenue)\b"
    r"|\b[^\W\d_]{3,}(?:straße|strasse|str\.|gasse|allee|straat|gracht) \d{1,4}\b"
    rf"|\b(?:calle|avenida|avda\.?) {_NAMED},? (?:n[.º°]* ?)?\d{{1,4}}\b"
    rf"|\b(?:via|corso|piazza|plaza|rua) {_NAMED}, ?(?:n[.º°]* ?)?\d{{1,4}}\b",
    re.IGNORECASE,
)
_NAME = r"[A-ZÀ-ÖØ-Þ][\w'’-]+"  # noqa: RUF001
_TITLES = (
    *("Mr", "Mrs", "Ms", "Miss", "Mme", "Mlle", "Madame", "Monsieur", "Mademoiselle", "Herr", "Herrn", "Frau"),
    *("Señor", "Señora", "Sr", "Sra", "Signor", "Signora", "Mevrouw", "Meneer"),
)
_TITLE = rf"(?:{'|'.join(_TITLES)})\.?"
_PERSON = re.compile(
    rf"\b{_TITLE} {_NAME} {_NAME}(?=\s*(?:$|[|\n.,;:!?)]))"
    rf"|\b(?:[Ff]or|[Pp]our|[Ff]ür|[Pp]ara|[Pp]er|[Vv]oor) {_TITLE} {_NAME}"
)


def plain(text: str) -> str:
    """The text in the usual width, with one kind of dash and blank, and without characters that nobody sees."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_DASHES)
    return folded if folded.replace("\n", "").isprintable() else "".join(map(_visible, folded))


def mail_addresses(text: str) -> Iterator[str]:
    """`name@host.domain`, with letters of any script; also `name (at) host.domain`."""
    if "@" in text or _AT.search(text):
        yield from (match[0] for match in _MAIL.finditer(text))


def phone_numbers(text: str) -> Iterator[str]:
    """Numbers with `+`, 00 or an area code, and those that libphonenumber knows as valid in one of `PHONE_REGIONS`.

    A run of digits is one only if it begins with 0 and is no bar code. What has less than nine digits is a number of
    something else."""
    yield from (match[0] for match in _PHONE.finditer(text))
    for match in _NUMBER.finditer(_DAY.sub("|", text).replace("_", " ")):
        groups = _SEPARATORS.sub(" ", match[0]).split()
        begins = (n for n, group in enumerate(groups) if n == 0 or group[0] == "0")
        if any(_is_phone(groups[n:]) for n in begins):
            yield match[0]


def _is_phone(groups: Sequence[str]) -> bool:
    """Whether groups of digits are a number that somebody may have, grouped as is usual there."""
    if sum(map(len, groups)) < _FEWEST_DIGITS or (
        len(groups) == 1 and (groups[0][0] != "0" or _is_bar_code(groups[0]))
    ):
        return False
    number, leniency = " ".join(groups), Leniency.STRICT_GROUPING
    return any(PhoneNumberMatcher(number, region, leniency=leniency).has_next() for region in PHONE_REGIONS)


def card_numbers(text: str) -> Iterator[str]:
    """From 15 digits on, with Luhn's check digit: 13 and 14 digits are bar codes."""
    yield from (match[0] for match in _CARD.finditer(text) if _has_luhn_digit(match[0]))


def account_numbers(text: str) -> Iterator[str]:
    """IBANs: ISO 13616, checked by ISO 7064."""
    yield from (match[0] for match in _IBAN.finditer(text.upper()) if _is_iban(match[0]))


def streets(text: str) -> Iterator[str]:
    """A street with a number, in the usual forms of English, French, German, Dutch, Spanish and Italian."""
    lowered = text.lower()
    if any(word in lowered for word in _STREET_WORDS):
        yield from (match[0] for match in _STREET.finditer(text))


def people(text: str) -> Iterator[str]:
    """A title and two names at the end of a text; `for` (in six languages), a title and a name. No rule finds names
    without a title: too many brands are names."""
    if any(title in text for title in _TITLES):
        yield from (match[0] for match in _PERSON.finditer(text))


def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    return character if character in "\n\t" or kind not in ("Cc", "Cf", "Cs") else ""


def _is_bar_code(digits: str) -> bool:
    """GTIN-8 to GTIN-14 by their check digit. Source: GS1 General Specifications, 7.9.1."""
    if len(digits) not in (8, 12, 13, 14):
        return False
    return sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(digits))) % 10 == 0


def _has_luhn_digit(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """ISO 7064 MOD 97-10: the country and its digits moved to the end, letters as 10 to 35."""
    number = text.replace(" ", "")
    return 15 <= len(number) <= 34 and int("".join(str(int(one, 36)) for one in number[4:] + number[:4])) % 97 == 1
