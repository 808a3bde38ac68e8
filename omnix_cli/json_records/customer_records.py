"""What is said about customers from outside, validated: registrations, preferences, purchases, interactions, feedback.

Names are those of the tables (camelCase). Unknown fields are refused; what is stored already is read as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from omnix_cli.errors import InvalidRecord
from omnix_cli.json_records import exact_json

MAX_METADATA_BYTES = 8_192
"""The most bytes of a free document, such as the metadata of an interaction, as JSON."""
MOST_MONEY = 10**16
"""No amount is as large: stores and frames have 18 digits for it."""
_CENT = Decimal("0.01")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _id(value: str) -> str:
    if value != value.strip() or _UNPRINTABLE.search(value):
        raise ValueError("must have no surrounding spaces and no control characters")
    return value


def _text(value: str) -> str:
    if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError("must be text")
    return value


def _exact(value: Any) -> Any:
    """A number without the noise of binary floats; anything else as it is, for the next check to refuse."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    try:
        return Decimal(str(value)) if isinstance(value, int | float) else value
    except InvalidOperation as error:  # pragma: no cover - str of a number is always one
        raise ValueError("must be a number") from error


def _money(value: Decimal) -> Decimal:
    if not value.is_finite() or value != value.quantize(_CENT):
        raise ValueError("must have at most two decimal places")
    return value.quantize(_CENT)


def _whole(value: Any) -> Any:
    """A whole number that is written with a point, as JSON allows: 4.0 is 4."""
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 9 and value == int(value):
        return int(value)
    return value


def _document(values: dict[str, Any]) -> dict[str, Any]:
    """Values that any store can hold: exact numbers of at most 38 digits, and not too many bytes."""
    exact: dict[str, Any] = _stored(values)
    if len(exact_json.dumps(exact)) > MAX_METADATA_BYTES:
        raise ValueError(f"must have at most {MAX_METADATA_BYTES:,} bytes as JSON")
    return exact


def _stored(value: Any) -> Any:
    match value:
        case dict():
            return {_text(str(name)): _stored(part) for name, part in value.items()}
        case list() | tuple():
            return [_stored(part) for part in value]
        case str():
            return _text(value)
        case bool() | None:
            return value
        case int() | float() | Decimal():
            number = _exact(value)
            digits = number.as_tuple().digits if number.is_finite() else ()
            if not 0 < len(digits) <= 38 or abs(number.adjusted()) > 100:
                raise ValueError("must have numbers of at most 38 digits")
            return int(number) if isinstance(value, int) else number
    raise ValueError(f"cannot hold a {type(value).__name__}")


def _instant(value: Any) -> Any:
    """A point in time from ISO 8601; without an offset it is in UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("must be a date and time such as 2018-01-15T03:00:00Z") from error
    if isinstance(value, datetime):
        try:
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        except OverflowError as error:
            raise ValueError("is out of range") from error
    return value


ID_PATTERN = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?$"
Id = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra={"pattern": ID_PATTERN}), AfterValidator(_id)]
"""The id of a customer, product, order, session."""
Text = Annotated[str, Field(max_length=200, json_schema_extra={"pattern": r"^[^\x00]*$"}), AfterValidator(_text)]
Texts = Annotated[list[Annotated[Text, Field(min_length=1)]], Field(max_length=100)]
Money = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=0, lt=MOST_MONEY),
    AfterValidator(_money),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": MOST_MONEY, "multipleOf": 0.01}),
]
Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40})
]
Quantity = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=1, le=1_000_000),
    WithJsonSchema({"type": "number", "minimum": 1, "maximum": 1_000_000}),
]
Number = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, lt=10**16)]
"""A number that an import rounds, where it is an amount."""
Document = Annotated[dict[str, Any], AfterValidator(_document)]
InteractionType = Literal["view", "add_to_cart", "remove_from_cart", "wishlist", "search"]
ListStatus = Literal["clicked", "purchased", "dismissed"]
ListContext = Literal["homepage", "product_page", "checkout", "email", "replenishment", "usual"]
"""Where a list is shown."""
Frequency = Literal["daily", "weekly", "biweekly", "monthly", "occasional"]


class Body(BaseModel):
    """Immutable; unknown fields are refused, and so are values of another type."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
    )

    def values(self) -> dict[str, Any]:
        """The fields that have a value, under the names of the tables."""
        return self.model_dump(by_alias=True, exclude_none=True)

    def given(self) -> dict[str, Any]:
        """The fields that were given, under the names of the tables."""
        chosen = {to_camel(name) for name in self.model_fields_set}
        return {name: value for name, value in self.values().items() if name in chosen}


class Demographics(Body):
    """All optional."""

    age: Annotated[int, Field(ge=18, le=120), BeforeValidator(_whole)] | None = None
    gender: Text | None = None
    location: Text | None = None
    family_size: Annotated[int, Field(ge=1, le=20), BeforeValidator(_whole)] | None = None


class BudgetRange(Body):
    """What a product may cost; without a `max` it has no upper end."""

    min: Money = Decimal("0.00")
    max: Money | None = None

    @model_validator(mode="after")
    def _max_is_not_below_min(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError("max must be at least min")
        return self


class Preferences(Body):
    """What a customer wants to see."""

    dietary_restrictions: Texts = []
    favorite_categories: Texts = []
    budget_range: BudgetRange = BudgetRange()
    brand_preferences: Texts = []


class PreferencesChange(Preferences):
    """New preferences: what is given replaces the old value whole, everything else stays."""


class ShoppingPatterns(Body):
    """How a customer shops; the nightly run computes it from orders."""

    preferred_shopping_times: Texts = []
    average_order_value: Money = Decimal("0.00")
    shopping_frequency: Frequency = "occasional"
    seasonal_patterns: Document = {}


class Consent(Body):
    """What a customer agrees to. What is not said is as the settings say."""

    personalisation: bool | None = None
    ai_analysis: bool | None = None


class Named(Body):
    """Whom something is about."""

    customer_id: Id


class Registration(Named):
    """A new customer. Blocks and fields that are left out get their defaults."""

    demographics: Demographics = Demographics()
    preferences: Preferences = Preferences()
    shopping_patterns: ShoppingPatterns = ShoppingPatterns()
    consent: Consent = Consent()


class NewPurchase(Body):
    """One line of an order. Without an `id`, it is made of the content, so that the same line again changes nothing."""

    product_id: Id
    quantity: Quantity = Decimal(1)
    unit_price: Money
    total_price: Money | None = None
    purchase_date: Instant | None = None
    order_id: Id | None = None
    store_location: Text | None = None
    promotion_used: bool = False
    rating: Annotated[int, Field(ge=1, le=5), BeforeValidator(_whole)] | None = None
    review: Annotated[str, Field(max_length=5_000), AfterValidator(_text)] | None = None

    @model_validator(mode="after")
    def _total_is_an_amount(self) -> Self:
        if self.total >= MOST_MONEY:
            raise ValueError("unitPrice times quantity is out of range")
        return self

    @property
    def total(self) -> Decimal:
        """What the line cost: as given, else the price times the quantity."""
        given = self.total_price
        return (self.unit_price * self.quantity).quantize(_CENT, ROUND_HALF_UP) if given is None else given


class PurchaseOf(Named, NewPurchase):
    """One line of an order of a customer."""


class NewInteraction(Body):
    """What a customer did with a product. Without an `id`, it is made of the content."""

    product_id: Id
    interaction_type: InteractionType
    timestamp: Instant | None = None
    id: Id | None = None
    session_id: Id | None = None
    metadata: Document = {}


class Feedback(Named):
    """What became of a customer's list."""

    context: ListContext = "homepage"
    status: ListStatus


class PredictionRequest(Body):
    """The customers to ask a model about."""

    customers: Annotated[list[Id], Field(min_length=1, max_length=100)]


Kind = TypeVar("Kind", bound=Body)


def parsed(kind: type[Kind], values: Any) -> Kind:
    """The record of a document's values. Raises `InvalidRecord`, which names each field that is wrong."""
    if not isinstance(values, Mapping):
        raise InvalidRecord("the document is not an object", problems=())
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        problems = tuple((_path(one["loc"]), _reason(one)) for one in error.errors(include_url=False))
        field, reason = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidRecord(f"{field or 'the record'}: {reason}{more}", problems=problems) from error


def wrong(field: str, reason: str) -> InvalidRecord:
    """The error of one wrong field."""
    return InvalidRecord(f"{field}: {reason}", problems=((field, reason),))


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


_REASONS = {
    "extra_forbidden": "unknown field",
    "missing": "is missing",
    "is_instance_of": "must be a number",
    **dict.fromkeys(("model_type", "dict_type"), "must be an object"),
}
"""What is wrong, where the words of pydantic are those of Python."""


def _reason(error: Mapping[str, Any]) -> str:
    if error["type"] in _REASONS:
        return _REASONS[error["type"]]
    return str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
