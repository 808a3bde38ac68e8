"""What answers cost, in exact decimals: prices of models, tokens before they are counted, the budget of a run."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.regions import base_model
from omnix_cli.records import Question, Record, TokenUsage

TABLE = "prices/bedrock.toml"
_PACKAGE = Path(__file__).resolve().parents[3]
_FILES = (_PACKAGE / "configs" / TABLE, _PACKAGE.parent / "configs" / TABLE)
"""The table in an installed package, and in a checkout."""
_MILLION = Decimal(1_000_000)

_Dollars = Annotated[Decimal, Field(ge=0)]
_OVERHEAD_TOKENS = 1000
"""An upper bound for the tokens that a service adds to a question, such as the text around a tool (a few hundred)."""
_PIECE = re.compile(r"[^\W\d_]{1,5}|\d{1,3}|[^\w\s]+|_|\n")


class Prices(Record):
    """Dollars per million tokens of one model."""

    input: _Dollars
    output: _Dollars
    cache_read: _Dollars
    cache_write: _Dollars

    def cost(self, usage: TokenUsage) -> Decimal:
        return sum((getattr(usage, kind) * price for kind, price in self), Decimal(0)) / _MILLION

    def at(self, share: Decimal) -> Prices:
        """These prices times a share: for a batch, or for another service tier."""
        return Prices(**{name: price * share for name, price in self})


class PriceTable(Record):
    """The prices of all known models, their source, and the day they were noted."""

    source: str
    noted: date
    tiers: Mapping[str, _Dollars] = {}
    models: Mapping[str, Prices]
    file: Path

    def of(self, model: str, *, tier: str | None = None) -> Prices:
        """The prices of a model, or of an inference profile: its own, else those of its model.

        Raises a `ConfigError` that shows the line to add."""
        names = (model, model.rpartition("/")[2], base_model(model))  # an ARN ends with the id of the profile
        prices = next((self.models[name] for name in names if name in self.models), None)
        if prices is None:
            raise ConfigError(
                f"the price of {model} is unknown, so omnix cannot keep a budget",
                hint=f"Copy {self.file}, set bedrock.prices to the copy, and add below [models], from the AWS Bedrock "
                f'pricing page: "{model}" = {{ input = ..., output = ..., cache_read = ..., cache_write = ... }} '
                "(dollars per million tokens).",
            )
        if tier is None or tier == "default":
            return prices
        if tier not in self.tiers:
            raise ConfigError(
                f"the price of the service tier {tier} is unknown",
                hint=f"Copy {self.file}, set bedrock.prices to the copy, and add below [tiers]: {tier} = ... "
                "(its share of the default price).",
            )
        return prices.at(self.tiers[tier])

    @property
    def note(self) -> str:
        """The source of the prices, to print next to a sum."""
        return f"prices of {self.noted} from {self.source}; check yours"


def load_prices(path: str | None = None) -> PriceTable:
    """The price table of omnix, or the one at `path`. Raises `ConfigError` for a file that cannot be used."""
    file = Path(path) if path else next((known for known in _FILES if known.is_file()), _FILES[-1])
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        return PriceTable.model_validate({**content, "file": file})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the price table {file} cannot be read: {error}", hint="Fix that file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{file}: {key}: {first['msg']}", hint="Fix that line.") from error


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: five letters, three digits, or a run of other characters make one.

    An estimate: within 12 % of four public tokenizers (cl100k, o200k, DeepSeek's, Claude 2's) on our tables, on JSON
    answers and on English text, where tokens of 1.7 to 3.9 characters occur. Models on Bedrock have their own."""
    return sum(1 for _ in _PIECE.finditer(text))


def question_text(question: Question) -> str:
    """The whole text of a question."""
    return "\n".join((question.system, *(turn.text for turn in question.turns)))


def dearest(question: Question, prices: Prices, *, schema_bytes: int = 0) -> Decimal:
    """The most that an answer to a question can cost, whether or not its tokens are cached.

    A token is at least one byte of text, so the bytes bound the tokens of any model."""
    tokens = len(question_text(question).encode()) + schema_bytes + _OVERHEAD_TOKENS
    input_price = max(prices.input, prices.cache_read, prices.cache_write)
    return (tokens * input_price + question.max_output_tokens * prices.output) / _MILLION


@dataclass(frozen=True)
class Spending:
    """Dollars of a budget: `spent` on answers, at most `lost` on answers that never arrived, `reserved` for questions
    under way."""

    limit: Decimal | None
    spent: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)


class Budget:
    """A limit that is never exceeded: dollars are reserved before they can be spent. Thread-safe."""

    def __init__(self, limit: Decimal | None = None) -> None:
        self.spending = Spending(limit)
        self._changed = threading.Condition()

    def reserve(self, dollars: Decimal) -> bool:
        """Reserves dollars; False when they do not fit. Waits while reserved dollars may still come back.

        A thread that waits holds nothing, so there is no deadlock."""
        with self._changed:
            while True:
                now = self.spending
                if now.limit is None or now.spent + now.lost + now.reserved + dollars <= now.limit:
                    self.spending = replace(now, reserved=now.reserved + dollars)
                    return True
                if not now.reserved:
                    return False
                self._changed.wait()

    def settle(self, reserved: Decimal, *, cost: Decimal, lost: Decimal = Decimal(0)) -> None:
        """Returns reserved dollars, less what the answer cost, or may have cost if it was `lost`."""
        with self._changed:
            now = self.spending
            self.spending = Spending(now.limit, now.spent + cost, now.lost + lost, now.reserved - reserved)
            self._changed.notify_all()
