"""Currencies of an input: the marks beside its amounts, and the texts of a column of currencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from omnix_cli.counted_nouns import counted

_CODES = (
    "usd|eur|gbp|chf|jpy|cny|rmb|inr|cad|aud|nzd|sek|nok|dkk|isk|pln|czk|huf|ron|bgn|try|rub|uah|ils|zar|brl|mxn|clp|"
    "cop|ars|pen|uyu|idr|vnd|thb|myr|sgd|hkd|twd|krw|php|pkr|lkr|bdt|aed|sar|qar|kwd|egp|mad|ngn|kes|ghs"
)
_WORDS = r"kr|rs|zł|zl|kč|kc|fr|sfr|rm|rp|ft|lei|\u{440}\u{443}\u{431}|\u{440}|лв|дин|tl|s/|dh|đ|euro?"
MARK = rf"(?:\p{{Sc}}|[a-z]{{1,3}} ?\$|(?:{_WORDS}|{_CODES})\.?)"
"""A regular expression for what may be written beside an amount."""

_NO_MARK = r"[\d\s.,'`+\-()\u{2018}\u{2019}\u{2bc}\u{b4}\u{ff07}\u{2212}\p{Pd}]+"
_NAMES = {
    **{code: code.upper() for code in _CODES.split("|")},
    **{"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "rmb": "CNY", "zł": "PLN", "zl": "PLN", "kč": "CZK"},
    **{"kc": "CZK", "sfr": "CHF", "rm": "MYR", "rp": "IDR", "ft": "HUF", "lei": "RON", "лв": "BGN", "tl": "TRY"},
    **{
        "\u0440\u0443\u0431": "RUB",
        "\u0440": "RUB",
        "₽": "RUB",
        "дин": "RSD",
        "s/": "PEN",
        "đ": "VND",
        "₫": "VND",
        "₹": "INR",
    },
    **{"₺": "TRY", "₴": "UAH", "₪": "ILS", "₩": "KRW", "฿": "THB", "₱": "PHP", "₦": "NGN", "₵": "GHS", "৳": "BDT"},
    **{"us$": "USD", "u$s": "USD", "r$": "BRL", "ca$": "CAD", "can$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD"},
    **{"nz$": "NZD", "mx$": "MXN", "mex$": "MXN", "s$": "SGD", "sg$": "SGD", "hk$": "HKD", "nt$": "TWD"},
    **{"ar$": "ARS", "cl$": "CLP", "clp$": "CLP", "col$": "COP", "co$": "COP", "$u": "UYU", "u$": "UYU"},
}
_SHARED = {
    "$": {"USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD", "TWD", "ARS", "CLP", "COP", "UYU"},
    "kr": {"SEK", "NOK", "DKK", "ISK"},
    "¥": {"JPY", "CNY"},
    "rs": {"INR", "PKR", "LKR"},
    "fr": {"CHF"},
    "dh": {"AED", "MAD"},
    "GBP": {"EGP"},
}
"""Marks that several currencies share."""
_NONE = "none"


def name(text: str) -> str | None:
    """The currency that a mark or a code means: its code, or the mark if several currencies share it. `None` for what
    is none."""
    plain = "".join(text.lower().split()).replace("￥", "¥").rstrip(".")
    if plain in _NAMES or plain in _SHARED:
        return _NAMES.get(plain, plain)
    if plain.endswith("$") and plain[:-1].isalpha():
        return plain.upper()
    parts = {name(part) for part in text.split()} if len(text.split()) > 1 else set()
    if len(parts) == 1:
        return parts.pop()
    return plain if len(plain) == 1 and not plain.isalnum() else None


def marks(amounts: pl.Series) -> pl.Series:
    """The currency that is written beside each amount; null where none is."""
    left = amounts.str.replace_all(_NO_MARK, " ").str.strip_chars()
    written = left.unique()
    return left.replace_strict(written, [name(one) if one else None for one in written], return_dtype=pl.String)


def named(texts: pl.Series, null_values: Sequence[str]) -> pl.Series:
    """The currencies of a column of them: known ones by their code, others in upper case."""
    absent = texts.null_count()
    if absent == len(texts) or (not absent and (texts == texts[0]).all()):
        one = _named(texts[0], null_values)
        return pl.repeat(one, len(texts), dtype=pl.String, eager=True)
    written = texts.unique()
    names = [_named(one, null_values) for one in written]
    return texts.replace_strict(written, names, return_dtype=pl.String)


def _named(text: str | None, null_values: Sequence[str]) -> str | None:
    plain = (text or "").strip()
    return None if not plain or plain in null_values else name(plain) or plain.upper()


def differs(currencies: pl.Series, kept: str) -> pl.Series:
    """Which rows are in another currency than the one to keep. Rows without any are in it; so are those with a mark
    that it shares with others."""
    wanted = name(kept) or kept.upper()
    same = [wanted, *(mark for mark, shared in _SHARED.items() if wanted in shared)]
    return ~currencies.is_in(same).fill_null(True)


def counts(currencies: pl.Series) -> Counter[str]:
    """The rows by currency, those without any under the empty text."""
    return Counter(dict(currencies.fill_null("").value_counts().iter_rows()))


def listed(rows: Mapping[str, int]) -> str:
    """The currencies with their rows, for people; empty unless there are several."""
    found = several(rows)
    return ", ".join(
        f"{counted(number, 'row')} {'without one' if currency == _NONE else f'in {currency}'}"
        for currency, number in found.items()
    )


def several(rows: Mapping[str, int]) -> dict[str, int]:
    """The rows by currency, most first, if there are several; else nothing. Rows without a currency are of the only one
    there is, and a mark is the only currency among them that it may mean (`$` the US dollar)."""
    found = {currency: number for currency, number in rows.items() if currency and number}
    for mark, shared in _SHARED.items():
        codes = ({"USD"} if mark == "$" else shared) & found.keys()
        if mark in found and len(codes) == 1:
            found[codes.pop()] += found.pop(mark)
    if len(found) < 2:
        return {}
    if rows.get(""):
        found[_NONE] = rows[""]
    return dict(sorted(found.items(), key=lambda one: (one[0] == _NONE, -one[1], one[0])))
