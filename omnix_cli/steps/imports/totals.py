"""Lines that sum up others, as `Grand Total,All,...`: totals, not rows.

A file tells them by a word where an id belongs. A product may be named Total (a cereal), so that a plain word is judged
with the other ids of the line, and only a word that names nothing else is enough on its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER

REASON = "a total, not a row"

_PLAIN = (
    "total",
    "totals",
    "sum",
    "summe",
    "somme",
    "suma",
    "soma",
    "gesamt",
    "insgesamt",
    "totale",
    "totaal",
    "totalt",
    "totali",
    "totales",
    "totais",
    "summa",
    "mean",
    "moyenne",
    "durchschnitt",
    "mittelwert",
    "promedio",
    "media",
    "gemiddelde",
)
"""Words that may also name a product."""
_SUMS = (
    *("subtotal", "sub total", "sub-total", "subtotals", "grand total", "grand-total", "grandtotal", "overall total"),
    *("total general", "total général", "sous-total", "sous total", "total ttc", "total ht", "gesamtsumme"),
    *("zwischensumme", "gesamtbetrag", "endsumme", "totale generale", "totale complessivo", "subtotale", "subtotaal"),
    *("eindtotaal", "total geral", "total global", "razem", "suma całkowita", "celkem", "mezisoučet", "összesen"),
    *("részösszeg", "toplam", "genel toplam", "ara toplam", "ukupno", "итого", "всего", "итог", "промежуточный итог"),
    *(
        "合計",
        "総計",
        "小計",
        "总计",
        "合计",
        "小计",
        "總計",
        "합계",
        "총계",
        "소계",
        "总 计",
        "合 計",
        "yhteensä",
        "i alt",
        "celkom",
        "zwischentotal",
        "разом",
        "общо",
        "σύνολο",
        "tổng cộng",
        "jumlah",
        "รวม",
        "المجموع",
        'סה"כ',
        "delsumma",
        "totalsumma",
    ),
)
_ALL = ("all", "alle", "tous", "toutes", "todos", "todas", "tutti", "wszystkie", *"*-\u2013\u2014", "--", "---")
"""What stands for an id in such a line."""
_NO_PRODUCT = ["", *_ALL, *(word.title() for word in _ALL), *(word.upper() for word in _ALL)]
_OF_SOMETHING = r"(?i)^(?:sub-?total|grand total|sous-total|total)\b|\b(?:sub-?total|total|summe|gesamt)\s*:?$"
"""Excel writes `C1 Total` below the lines of C1."""
_WRITTEN = [
    form + end
    for word in (*_PLAIN, *_SUMS)
    for form in (word, word.upper(), word.title(), word.capitalize())
    for end in ("", ":")
]


_AS_ID = pl.Series(_WRITTEN, dtype=pl.String).implode()
_AS_PRODUCT = pl.Series([*_WRITTEN, *_NO_PRODUCT], dtype=pl.String).implode()
"""Made once: a set of a few hundred texts costs more than the look at a column."""


def is_label(text: str) -> bool:
    """Whether the first text of a line that is no row says that it is a total."""
    return _bare(text) in (*_PLAIN, *_SUMS) or re.search(_OF_SOMETHING, text.strip()) is not None


def found_in(
    raw: pl.DataFrame, mapping: ColumnMapping, undated: pl.Series | None, wordless: Collection[str] = ()
) -> pl.Series | None:
    """Which rows are totals; None if none is. `undated` are rows that lack the time which they need: such a row is a
    total if any of its texts says so. `wordless` are the canonical columns that have no words."""
    sources = {name: mapping.columns.get(name) for name in ("customer_id", "product_id", "order_id")}
    ids = {
        name: raw[source]
        for name, source in sources.items()
        if isinstance(source, str) and raw.schema[source] == pl.String
    }
    masks = [
        column.is_in(_AS_PRODUCT if name == "product_id" else _AS_ID).fill_null(False)
        for name, column in ids.items()
        if name not in wordless and (name == "product_id" or _may_have_words(column))
    ]
    if not masks and undated is None:
        return None
    mask = pl.select(pl.any_horizontal(False, *masks, *([] if undated is None else [undated]))).to_series()
    if len(mask) != raw.height or not mask.any():
        return None
    rows = raw.filter(mask)
    late = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True) if undated is None else undated.filter(mask)
    is_total = _among_ids(rows, {name: column.filter(mask) for name, column in ids.items()}, mapping)
    if late.any():
        is_total |= late & _anywhere(rows) & _has_digits(rows)
    return mask.scatter(mask.arg_true(), is_total) if is_total.any() else None


def _may_have_words(ids: pl.Series) -> bool:
    """Whether any id has a letter that the words have: a cheaper look than one for the words."""
    joined = ids.str.join("").item()
    return not joined.isascii() or any(letter in joined for letter in "tTmMkK")


def _among_ids(rows: pl.DataFrame, ids: dict[str, pl.Series], mapping: ColumnMapping) -> pl.Series:
    nothing = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
    texts_of = {name: ids.get(name, nothing) for name in ("customer_id", "product_id", "order_id")}
    lines = pl.DataFrame(texts_of).with_columns(_bare_texts(pl.all()))
    is_sum, is_word, is_id = {}, {}, {}
    for name in lines.columns:
        is_sum[name] = pl.col(name).is_in(_SUMS).fill_null(False)
        is_word[name] = is_sum[name] | pl.col(name).is_in(_PLAIN).fill_null(False)
        is_id[name] = ~is_word[name] & ~pl.col(name).is_in(("", *_ALL)).fill_null(True)
    customer, product, order = lines.columns
    of_customer = pl.col(customer).str.contains(_OF_SOMETHING).fill_null(False)
    total = is_sum[customer] | is_sum[product] | is_word[order] | (of_customer & ~is_id[product])
    if mapping.kind != "products":
        total |= is_word[customer] & ~(is_id[product] & is_id[order])
        total |= is_word[product] & ~is_id[customer] & ~is_id[order]
    return lines.select(total).to_series()


def _anywhere(rows: pl.DataFrame) -> pl.Series:
    columns = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    labels = [
        _bare_texts(pl.col(name)).is_in((*_PLAIN, *_SUMS)) | pl.col(name).str.contains(_OF_SOMETHING)
        for name in columns
    ]
    return rows.select(pl.any_horizontal(False, *(label.fill_null(False) for label in labels))).to_series()


def _has_digits(rows: pl.DataFrame) -> pl.Series:
    """Which rows have a number: a header that comes again has none, though one of its columns is called total."""
    own = rows.drop(ROW_NUMBER, ITEM)
    found = [
        pl.col(name).str.contains(r"\d") if dtype == pl.String else pl.col(name).is_not_null()
        for name, dtype in own.schema.items()
    ]
    return rows.select(pl.any_horizontal(False, *(digits.fill_null(False) for digits in found))).to_series()


def _bare(text: str) -> str:
    return text.strip().rstrip(":").strip().lower()


def _bare_texts(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.strip_chars_end(": ").str.to_lowercase()
