"""What answers cost, in exact decimals: prices of models, tokens before they are counted, the budget of a run."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

GUARDRAIL_NOTE = (
    "bedrock.guardrail is set: AWS charges for guardrails by text and by policy, and neither the budget nor the costs "
    "that omnix shows contain that"
)

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
    latency: Mapping[str, _Dollars] = {}
    models: Mapping[str, Prices]
    file: Path

    def of(self, model: str, *, tier: str | None = None, latency: str | None = None) -> Prices:
        """The prices of a model, or of an inference profile: its own, else the dearest ones of its model and of that
        model's other profiles, because a profile may cost more than its model.

        Raises a `ConfigError` that shows the line to add."""
        prices = self._listed(model)
        if prices is None:
            raise ConfigError(
                f"the price of {model} is unknown, so omnix cannot keep a budget",
                hint=f"Copy {self.file}, set bedrock.prices to the copy, and add below [models], from the AWS Bedrock "
                f'pricing page: "{model}" = {{ input = ..., output = ..., cache_read = ..., cache_write = ... }} '
                "(dollars per million tokens).",
            )
        by_tier = self._share(self.tiers, "tiers", "service tier", tier)
        return prices.at(by_tier * self._share(self.latency, "latency", "latency", latency))

    def doubt(self, model: str) -> str:
        """What is not certain about the prices of a model, in a sentence; empty if they are listed."""
        if {model, model.rpartition("/")[2]} & self.models.keys() or base_model(model) == model.rpartition("/")[2]:
            return ""
        return (
            f"the price of {model} is not listed: omnix counts the dearest known price of {base_model(model)}; "
            f"add the profile to bedrock.prices for exact sums"
        )

    def _listed(self, model: str) -> Prices | None:
        name, base = model.rpartition("/")[2], base_model(model)  # an ARN ends with the id of the profile
        for known in (model, name):
            if known in self.models:
                return self.models[known]
        family = [prices for known, prices in self.models.items() if base_model(known) == base != name]
        if not family:
            return None
        return Prices(**{kind: max(getattr(prices, kind) for prices in family) for kind in Prices.model_fields})

    def _share(self, shares: Mapping[str, Decimal], table: str, what: str, name: str | None) -> Decimal:
        if name is None or name in ("default", "standard"):
            return Decimal(1)
        if name not in shares:
            raise ConfigError(
                f"the price of the {what} {name} is unknown",
                hint=f"Copy {self.file}, set bedrock.prices to the copy, and add below [{table}]: {name} = ... "
                "(its share of the default price).",
            )
        return shares[name]

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
    return dearest_of(len(question_text(question).encode()) + schema_bytes, question.max_output_tokens, prices)


def dearest_of(text_bytes: int, max_output_tokens: int, prices: Prices) -> Decimal:
    """The most that an answer to a text of so many bytes can cost."""
    input_price = max(prices.input, prices.cache_read, prices.cache_write)
    return ((text_bytes + _OVERHEAD_TOKENS) * input_price + max_output_tokens * prices.output) / _MILLION


@dataclass(frozen=True)
class Spending:
    """Dollars of a budget: `spent` on answers, at most `lost` on answers that never arrived, `reserved` for questions
    under way, `committed` to batch jobs that are not collected yet."""

    limit: Decimal | None
    spent: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    committed: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def room(self) -> Decimal | None:
        """What is left; None without a limit."""
        if self.limit is None:
            return None
        return self.limit - self.spent - self.lost - self.reserved - sum(self.committed.values())


class Budget:
    """The limit of a run, shared by all its ways of asking, and never exceeded: dollars are reserved before they can be
    spent. Thread-safe."""

    def __init__(self, limit: Decimal | None = None) -> None:
        self.spending = Spending(limit)
        self._changed = threading.Condition()

    def reserve(self, dollars: Decimal) -> bool:
        """Reserves dollars; False when they do not fit. Waits while reserved dollars may still come back.

        A thread that waits holds nothing, so there is no deadlock."""
        with self._changed:
            while True:
                now = self.spending
                if now.room is None or dollars <= now.room:
                    self.spending = replace(now, reserved=now.reserved + dollars)
                    return True
                if not now.reserved:
                    return False
                self._changed.wait()

    def settle(self, reserved: Decimal, *, cost: Decimal, lost: Decimal = Decimal(0)) -> None:
        """Returns reserved dollars, less what the answer cost, or may have cost if it was `lost`."""
        with self._changed:
            now = self.spending
            self.spending = replace(now, spent=now.spent + cost, lost=now.lost + lost, reserved=now.reserved - reserved)
            self._changed.notify_all()

    def commit(self, job: str, dollars: Decimal) -> None:
        """Sets aside the most that a batch job can cost, even if that is more than there is: the job runs already."""
        with self._changed:
            self.spending = replace(self.spending, committed={**self.spending.committed, job: dollars})

    def collect(self, job: str, *, cost: Decimal, lost: Decimal = Decimal(0)) -> None:
        """Replaces what was set aside for a batch job by what it cost, and may have cost besides."""
        with self._changed:
            now = self.spending
            others = {name: dollars for name, dollars in now.committed.items() if name != job}
            self.spending = replace(now, spent=now.spent + cost, lost=now.lost + lost, committed=others)
            self._changed.notify_all()
