"""What answers cost: the table of prices, tokens estimated before they are counted, and a budget that is never passed.

Dollars are Decimal throughout, and exact.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.regions import base_model
from omnix_cli.records import Question, TokenUsage

TABLE = "prices/bedrock.toml"
_PACKAGE = Path(__file__).resolve().parents[3]
_PLACES = (_PACKAGE / "configs" / TABLE, _PACKAGE.parent / "configs" / TABLE)
"""Where the table is in an installed package, and in a checkout."""
_MILLION = Decimal(1_000_000)
_OVERHEAD_TOKENS = 1000
"""What a service adds to a question unseen, such as the words around a tool; they are a few hundred tokens."""
_PIECE = re.compile(r"[^\W\d_]{1,5}|\d{1,3}|[^\w\s]+|_|\n")

_Dollars = Annotated[Decimal, Field(ge=0)]


class Prices(BaseModel):
    """Dollars for a million tokens of one model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: _Dollars
    output: _Dollars
    cache_read: _Dollars
    cache_write: _Dollars

    def cost(self, usage: TokenUsage) -> Decimal:
        """The dollars for these tokens."""
        million_fold = (
            usage.input * self.input
            + usage.output * self.output
            + usage.cache_read * self.cache_read
            + usage.cache_write * self.cache_write
        )
        return million_fold / _MILLION

    def at(self, share: Decimal) -> Prices:
        """The same model where a token costs this share: in a batch, at another service tier."""
        return Prices(**{name: price * share for name, price in self})

    def at_most(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The most that so many tokens can cost, whatever the cache does."""
        dearest = max(self.input, self.cache_read, self.cache_write)
        return (input_tokens * dearest + output_tokens * self.output) / _MILLION


class PriceTable(BaseModel):
    """The prices of all models that are known, where they are from, and the day they were noted."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))

    source: str
    noted: date
    tiers: Mapping[str, _Dollars] = {}
    models: Mapping[str, Prices]
    file: Path

    def of(self, model: str, *, tier: str | None = None) -> Prices:
        """The prices of a model id, or of the id or ARN of an inference profile: its own, else those of its model.

        Raises `ConfigError` that names the line to add."""
        prices = self.models.get(model) or self.models.get(_profile(model)) or self.models.get(base_model(model))
        if prices is None:
            raise ConfigError(
                f"the price of {model} is not known, so no budget could be kept",
                hint=f"Copy {self.file}, name the copy in bedrock.prices, and add below [models] from the AWS Bedrock "
                f'pricing page: "{model}" = {{ input = ..., output = ..., cache_read = ..., cache_write = ... }} '
                "(dollars per million tokens).",
            )
        if tier is None or tier == "default":
            return prices
        if tier not in self.tiers:
            raise ConfigError(
                f"what the service tier {tier} costs is not known",
                hint=f"Copy {self.file}, name the copy in bedrock.prices, and add below [tiers]: {tier} = ... "
                "(its share of the default price).",
            )
        return prices.at(self.tiers[tier])

    @property
    def told(self) -> str:
        """Where the prices are from, for whoever reads a sum."""
        return f"prices noted {self.noted} from {self.source}; check yours"


def load_prices(path: str | None = None) -> PriceTable:
    """The table of prices that comes with omnix, or another. Raises `ConfigError` for what cannot be used."""
    file = Path(path) if path else next((place for place in _PLACES if place.is_file()), _PLACES[-1])
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        return PriceTable.model_validate({**content, "file": file})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the prices {file} cannot be read: {error}", hint="Mend that line.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{file}: {place}: {first['msg']}", hint="Mend that line.") from error


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is: letters by five, digits by three, signs by the run.

    An estimate: within 12 % of four public tokenizers (cl100k, o200k, DeepSeek's, Claude 2's) on our tables, on JSON
    answers and on English text, where tokens of 1.7 to 3.9 characters occur. Models on Bedrock have their own."""
    return sum(1 for _ in _PIECE.finditer(text))


def question_text(question: Question) -> str:
    """All the words of a question."""
    return "\n".join((question.system, *(turn.text for turn in question.turns)))


def dearest(question: Question, prices: Prices, *, schema_bytes: int = 0) -> Decimal:
    """The most that an answer to a question can cost.

    A token is at least one byte of text, so the bytes bound the tokens of any model."""
    tokens = len(question_text(question).encode()) + schema_bytes + _OVERHEAD_TOKENS
    return prices.at_most(tokens, question.max_output_tokens)


@dataclass(frozen=True)
class Spending:
    """Where a budget stands, in dollars. `lost` may have been charged for answers that never came, at the most."""

    limit: Decimal | None
    spent: Decimal
    lost: Decimal
    reserved: Decimal


class Budget:
    """Dollars that are set aside before they can be spent, so that the limit holds whatever is under way. Used by
    several threads."""

    def __init__(self, limit: Decimal | None = None) -> None:
        self.limit = limit
        self._spent = self._lost = self._reserved = Decimal(0)
        self._changed = threading.Condition()

    def reserve(self, dollars: Decimal) -> bool:
        """Sets dollars aside. Waits while what others have set aside may still come back; False when it does not fit.

        Whoever waits holds nothing, so somebody always goes on."""
        with self._changed:
            while not self._fits(dollars):
                if not self._reserved:
                    return False
                self._changed.wait()
            self._reserved += dollars
            return True

    def settle(self, reserved: Decimal, *, cost: Decimal, lost: Decimal = Decimal(0)) -> None:
        """Gives back what was set aside, less what it cost; `lost` is what may have been charged for nothing."""
        with self._changed:
            self._reserved -= reserved
            self._spent += cost
            self._lost += lost
            self._changed.notify_all()

    @property
    def spending(self) -> Spending:
        """How it stands."""
        with self._changed:
            return Spending(self.limit, self._spent, self._lost, self._reserved)

    def _fits(self, dollars: Decimal) -> bool:
        return self.limit is None or self._spent + self._lost + self._reserved + dollars <= self.limit


def _profile(model: str) -> str:
    """The id at the end of an ARN; any other id as it is."""
    return model.rpartition("/")[2] if model.startswith("arn:") else model
