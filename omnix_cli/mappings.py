"""Mappings: how the columns of a file become omnix columns. The record behind `configs/mappings/*.toml`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from omnix_cli.errors import ConfigError
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import Section, check_timezone

Kind = Literal["purchases", "products", "customers", "interactions"]

INPUT_KINDS = ("purchases", "products", "customers", "interactions", "orders")
"""The kinds of input; `orders` are documents whose items become purchases."""

REQUIRED = {
    "purchases": ("customer_id", "product_id", "purchased_at"),
    "products": ("product_id", "name"),
    "customers": ("customer_id",),
    "interactions": ("customer_id", "product_id", "interaction_type", "occurred_at"),
}
"""The columns that an input must have; all others are optional. Purchases without a quantity count one unit a line."""

DERIVED = ("purchase_day", "interaction_day")
"""Columns that are computed from others and cannot be mapped."""

LINE = "line"
"""One more name that purchases can map: the number of a line in its order. It becomes part of the id, so that equal
lines keep their ids whatever their order in the file."""

CHANGED_AT = "changed_at"
"""Another one: when a row changed at its source. Of the files of an import, the newest statement about a line counts,
whatever the order of the files."""

CURRENCY = "currency"
"""And one of purchases and products: the currency of the amounts in a row."""

EXTRA = {"purchases": (LINE, CHANGED_AT, CURRENCY), "products": (CURRENCY,)}

PLACEHOLDERS = (
    "-",
    "--",
    "-1",
    "n/a",
    "na",
    "none",
    "null",
    "nil",
    "nan",
    "unknown",
    "undefined",
    "?",
    "x",
    ".",
    "#n/a",
)
"""Order ids that only fill their column, as zeros do."""
_LONGEST_ZEROS = 20
_SOME_TIME = datetime(2024, 11, 23, 22, 33, 44)

_ALIASES = {
    "purchases": {"id": "purchase_id", "purchase_date": "purchased_at", "order_date": "purchased_at"},
    "products": {"id": "product_id", "quantity": "stock", "product_name": "name"},
    "customers": {"id": "customer_id"},
    "interactions": {"id": "interaction_id", "timestamp": "occurred_at"},
}


def _check_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(f"there is no encoding `{name}`: give one such as utf-8, cp1252 or shift_jis") from None
    return name


def _check_date_format(spelling: str) -> str:
    """A format that polars reads back what it writes with. Raises ValueError."""
    for zone in (None, "UTC"):
        written = pl.Series([_SOME_TIME]).dt.replace_time_zone(zone)
        try:
            read = written.dt.strftime(spelling).str.to_datetime(spelling, time_zone=zone, strict=False)
        except (pl.exceptions.PolarsError, ValueError):
            continue
        if read.null_count() == 0 and read.dt.date()[0] == _SOME_TIME.date():
            return spelling
    raise ValueError(f"`{spelling}` is not the format of a date with day, month and year, such as `%d/%m/%Y %H:%M`")


def _check_separator(sign: str) -> str:
    if sign in '"\r\n\0' or sign.isalnum():
        raise ValueError(f"{sign!r} cannot separate columns")
    return sign


def _check_expression(pattern: str) -> str:
    try:
        pl.Series([""]).str.contains(pattern)  # polars, which will use it, knows other expressions than `re`
    except pl.exceptions.ComputeError as error:
        reason = str(error).partition("\n\n")[0].rpartition("error: ")[2]
        raise ValueError(f"`{pattern}` is not a regular expression: {reason}") from None
    return pattern


Words = tuple[str, ...]
"""Values of an input column; they are compared without case and without blanks around them."""


class JoinedColumns(Section):
    """A text joined from several columns; if the first is empty, the first non-empty column of `fallback` replaces
    it."""

    columns: tuple[str, ...] = Field(min_length=1)
    separator: str = " "
    fallback: tuple[str, ...] = ()


class Returns(Section):
    """Which purchase lines are returns. Their quantity is stored without its sign."""

    negative_quantity: bool = False
    """Lines with a quantity below 0."""
    negative_total: bool = True
    """A positive quantity with a negative total is a return, too."""
    order_id_prefix: str | None = None
    """Lines whose order id begins with this text."""
    values: dict[str, Words] = {}
    """For input columns, the values that mark a return, in upper or lower case."""


class SetAside(Section):
    """Rows to be left out: they go to quarantine and do not count as bad."""

    column: str | tuple[str, ...]
    """A column of the input, or several names of it; the first that exists is used."""
    missing: bool = False
    """Rows where the column is empty."""
    values: tuple[str, ...] = ()
    """Rows where it has one of these values, in upper or lower case."""
    other_than: tuple[str, ...] = ()
    """Rows where it has a value other than these, in upper or lower case."""
    matches: Annotated[str, AfterValidator(_check_expression)] | None = None
    """Rows where it matches this regular expression."""
    reason: str

    @model_validator(mode="after")
    def _one_rule(self) -> SetAside:
        if not (self.missing or self.values or self.other_than or self.matches):
            raise ValueError("give `values`, `other_than`, `matches` or `missing`")
        return self


class ColumnMapping(Section):
    """How to read one kind of input. `columns` has, for each canonical column, the column of the input, several
    alternatives (the first that exists is used), or columns to join."""

    kind: Kind
    recipe: str = Field("", exclude=True)
    """The name or path that the mapping was loaded by; empty for the default one."""
    columns: dict[str, str | tuple[str, ...] | JoinedColumns] = {}
    constants: dict[str, str] = {}
    """Values of canonical columns that the input lacks."""
    values: dict[str, dict[str, str]] = {}
    """For a canonical column, replacements of single values."""
    null_values: tuple[str, ...] = ("NULL", "null", "None", "NaN", "nan", "NA", "N/A", "#N/A", "\\N")
    """Texts that mean an absent value, besides the empty text."""
    date_formats: tuple[Annotated[str, AfterValidator(_check_date_format)], ...] = ()
    """strftime formats of times; without any, the usual ones are recognised."""
    day_first: bool | None = None
    """Whether 03/04/2017 is the third of April; unset: detected from the file."""
    decimal_comma: bool | None = None
    """Whether 1,5 is one and a half; unset: detected from the file."""
    timezone: Annotated[str, AfterValidator(check_timezone)] | None = None
    """The shop's time zone, used for the date of a purchase; unset: that of the settings."""
    written_timezone: Annotated[str, AfterValidator(check_timezone)] | None = None
    """The time zone of times without an offset; unset: that of the shop."""
    encoding: Annotated[str, AfterValidator(_check_encoding)] | None = None
    """The text encoding; unset: UTF-8, or Windows-1252 (Latin-1) if the file is not UTF-8."""
    sheet: str | None = None
    """The sheet of an Excel workbook, `*` for all of them; unset: the first."""
    at: str | None = Field(None, coerce_numbers_to_str=True)
    """The version of a Delta or Iceberg table: its number, or a time; unset: the newest."""
    separator: Annotated[str, AfterValidator(_check_separator)] | None = Field(None, min_length=1, max_length=1)
    list_separator: str = Field("|", min_length=1)
    """The separator of list entries in a cell; JSON arrays are recognised, too."""
    whole_number_ids: bool = False
    """Whether the id 17850.0, as a spreadsheet writes it, means 17850."""
    id_case: Literal["upper", "lower"] | None = None
    """Writes all ids in upper or lower case, so that `85123a` and `85123A` are one."""
    zero_quantity: Literal["reject", "one"] = "reject"
    """What a purchase line with quantity 0 is: an error, or a purchase of one unit."""
    discounts: tuple[str, ...] = ()
    """Input columns in which a value other than 0 means that a promotion was used."""
    returns: Returns = Returns()
    cancelled: dict[str, Words] = {}
    """For input columns, the values that cancel the line with the same id, in upper or lower case."""
    set_aside: tuple[SetAside, ...] = ()
    currency: str | None = Field(None, min_length=1)
    """The currency of the shop (`EUR`, `€`): rows whose amounts are in another one are set aside."""
    order_scope: tuple[Literal["shop", "day"], ...] = ("shop", "day")
    """What tells orders with one number apart: the shop, the day as it is written, both or nothing."""
    placeholders: tuple[str, ...] = PLACEHOLDERS
    """Order ids that mean no order, in upper or lower case; zeros only (0, 000) do so, too, unless this is empty."""
    whole_orders: bool | None = None
    """Whether the input always has all lines of an order, so that lines which a later input lacks are withdrawn; unset:
    if `items` is set."""
    anonymous: Literal["by_order"] | None = None
    """What a purchase line without a customer is: unset, an error; `by_order`, a line of an anonymous order, which
    counts for similar and popular products only."""
    fill_down: tuple[str, ...] = ()
    """Input columns that are empty on the further lines of an order: they have the value of the line above."""
    most_frequent: tuple[Literal["name"], ...] = ()
    """Columns of products that get their most frequent value, where a product is on several rows; otherwise the last
    row counts."""
    items: str | None = None
    """The list in a document whose entries are rows; their columns are named `<items>.<name>`."""

    @field_validator("columns", "constants", "values")
    @classmethod
    def _canonical(cls, value: dict[str, Any], info: Any) -> dict[str, Any]:
        kind = info.data.get("kind")
        return value if kind is None else {canonical_name(kind, name): source for name, source in value.items()}

    @model_validator(mode="after")
    def _known_words(self) -> ColumnMapping:
        columns = FRAMES[self.kind].schema.columns()
        for name, replaced in self.values.items():
            words = columns[name].dtype if name in columns else None
            if not isinstance(words, pl.Enum):
                continue
            for value in replaced.values():
                word = re.sub(r"[\s-]+", "_", value.strip().lower())
                if value not in self.null_values and word not in words.categories:
                    raise ValueError(f"values of {name}: {value!r} is none of {', '.join(words.categories)}")
        return self

    @model_validator(mode="after")
    def _one_source(self) -> ColumnMapping:
        if both := sorted(self.columns.keys() & self.constants.keys()):
            raise ValueError(f"both a column and a constant for {', '.join(both)}")
        if self.most_frequent and self.kind != "products":
            raise ValueError("only products have a `most_frequent` column")
        return self

    @property
    def replaces_orders(self) -> bool:
        """Whether a later input replaces all lines of an order."""
        return self.items is not None if self.whole_orders is None else self.whole_orders

    @cached_property
    def placeholder_spellings(self) -> list[str]:
        """The order ids that mean no order, as they may be written."""
        spelled = (spell(text) for text in self.placeholders for spell in (str, str.lower, str.upper, str.title))
        zeros = ("0" * length for length in range(1, _LONGEST_ZEROS + 1)) if self.placeholders else ()
        floats = ("0.0", "-1.0") if self.placeholders else ()
        return list(dict.fromkeys((*spelled, *zeros, *floats)))

    def input_columns(self) -> Iterator[str]:
        """Every column of an input that this mapping may read."""
        canonical = [name for name in FRAMES[self.kind].schema.column_names() if name not in self.constants]
        canonical += [name for name in EXTRA.get(self.kind, ()) if name == CURRENCY and name not in self.constants]
        sources = {**dict(zip(canonical, canonical, strict=True)), **self.columns}
        for source in (*sources.values(), *(rule.column for rule in self.set_aside)):
            if isinstance(source, JoinedColumns):
                yield from (*source.columns, *source.fallback)
            else:
                yield from (source,) if isinstance(source, str) else source
        yield from (*self.discounts, *self.cancelled, *self.returns.values, *self.fill_down)

    def choosing(self, sheet: str | None, at: str | None) -> ColumnMapping:
        """This mapping for another sheet of a workbook or another version of a table, where one is given."""
        return self.model_copy(update={"sheet": sheet or self.sheet, "at": at or self.at})

    def with_columns(self, given: Mapping[str, str]) -> ColumnMapping:
        """This mapping with single columns replaced, as `--map` does."""
        columns = self.columns | {canonical_name(self.kind, name): column for name, column in given.items()}
        constants = {name: value for name, value in self.constants.items() if name not in columns}
        return self.model_copy(update={"columns": columns, "constants": constants})

    def changed(
        self,
        *,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
        timezone: str | None = None,
        encoding: str | None = None,
    ) -> ColumnMapping:
        """This mapping with what a command line or a source replaces. Raises `ConfigError` for what does not exist."""
        try:
            names = {
                "timezone": timezone and check_timezone(timezone),
                "encoding": encoding and _check_encoding(encoding),
            }
        except ValueError as error:
            raise ConfigError(str(error), hint="Correct the name.") from error
        if both := sorted({*(columns or {})} & {*(constants or {})}):
            raise ConfigError(f"both a column and a constant for {', '.join(both)}", hint="Give one of them.")
        changes = {name: value for name, value in names.items() if value is not None}
        return self.with_columns(columns or {}).with_constants(constants or {}).model_copy(update=changes)

    @property
    def is_named_recipe(self) -> bool:
        """Whether the mapping is a recipe that comes with omnix, and no file of the user."""
        return bool(self.recipe) and not self.recipe.endswith(".toml")

    def written(self, *, day_first: bool | None = None, decimal_comma: bool | None = None) -> ColumnMapping:
        """This mapping with what is known about how dates and numbers are written."""
        given = {"day_first": day_first, "decimal_comma": decimal_comma}
        return self.model_copy(update={name: value for name, value in given.items() if value is not None})

    def with_constants(self, given: Mapping[str, str]) -> ColumnMapping:
        """This mapping with the same value on every row for single columns, as `--set` does."""
        constants = self.constants | {canonical_name(self.kind, name): value for name, value in given.items()}
        columns = {name: source for name, source in self.columns.items() if name not in constants}
        return self.model_copy(update={"columns": columns, "constants": constants})


def repeated_name(name: str, place: int, columns: int) -> str:
    """The name of a column that shares its name with others of the file."""
    return f"{name} ({place} of {columns})"


def parse_mapping(kind: str, content: Mapping[str, Any], *, where: str, recipe: str = "") -> ColumnMapping:
    """The mapping in a table of a recipe. Raises `ConfigError` that names a wrong key and the nearest known one."""
    target = "purchases" if kind == "orders" else kind
    known = [name for name in ColumnMapping.model_fields if name not in ("kind", "recipe")]
    if unknown := next((name for name in content if name not in known), None):
        raise ConfigError(f"{where}: unknown key `{unknown}`", hint=suggestion(unknown, known, what="Known keys"))
    try:
        return ColumnMapping.model_validate({**content, "kind": target, "recipe": recipe})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            hint = suggestion(key, ColumnMapping.model_fields, what="Known keys")
            raise ConfigError(f"{where}: unknown key `{key}`", hint=hint) from error
        message = str(first["msg"]).removeprefix("Value error, ")
        raise ConfigError(f"{where}: {key or kind}: {message}", hint="Fix the mapping.") from error


def canonical_name(kind: str, name: str) -> str:
    """The canonical column with this name: `purchasedAt` and `purchaseDate` are `purchased_at`."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    snake = _ALIASES[kind].get(snake, snake)
    known = [column for column in FRAMES[kind].schema.column_names() if column not in DERIVED]
    known.extend(EXTRA.get(kind, ()))
    if snake not in known:
        raise ConfigError(f"{kind} have no column `{name}`", hint=suggestion(snake, known, what="They have"))
    return snake


def suggestion(name: str, known: Iterable[str], *, what: str) -> str:
    """`Did you mean ...?` if a known name is similar, and the list of known names."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listed = f"{what}: {', '.join(names[:40])}{', ...' if len(names) > 40 else ''}."
    return f"Did you mean `{near[0]}`? {listed}" if near else listed
