"""Questions and replies for tests of what asks, keeps and pays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from omnix_cli.records import Question, Reply, TokenUsage, Turn

DAY = date(2018, 1, 15)
MOMENT = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)
MODEL = "amazon.nova-lite-v1:0"
PROMPT = "replenishment@1:0123abcd"
_HEADER = "productId|name|category|days bought|last|gaps|quantity|expected|from|to|every"


def question(
    *customers: str, day: date = DAY, history: str = "h1", products: int = 3, model: str = MODEL, **more: Any
) -> Question:
    """A question about these customers, in the form that prompts have."""
    blocks = [f"Today is {day}."]
    for customer in customers:
        blocks += [f"customer {pseudonym(customer)}", "12 shopping days since 2017-01-03", _HEADER]
        blocks += [
            f"P{number}|Milk {number}|Dairy|12|{day - timedelta(days=number + 2)}|7,7,8,7,7|1"
            f"|{day + timedelta(days=5)}|{day + timedelta(days=3)}|{day + timedelta(days=8)}|7"
            for number in range(products)
        ]
    text = "\n".join(blocks)
    given = {
        "key": hashlib.sha256(f"{model}{PROMPT}{history}{text}".encode()).hexdigest(),
        "model": model,
        "prompt": PROMPT,
        "as_of": day,
        "customers": customers,
        "histories": tuple(f"{history}-{customer}" for customer in customers),
        "priors": tuple(f"prior-{customer}" for customer in customers),
        "system": "You forecast when a customer needs a product again. " * 4,
        "turns": (Turn(role="user", text=text),),
        "max_output_tokens": 2000,
    }
    return Question.model_validate(given | more)


def pseudonym(customer: str) -> str:
    return "k" + hashlib.sha256(customer.encode()).hexdigest()[:12]


def reply(asked: Question, **more: Any) -> Reply:
    """A reply to it; texts are long, as those of models are."""
    given = {
        "question": asked.key,
        "model": asked.model,
        "prompt": asked.prompt,
        "way": "on_demand",
        "text": f'{{"customers": ["{asked.key}"], "padding": "{"x" * 2000}"}}',
        "stop_reason": "end_turn",
        "usage": TokenUsage(input=1000, output=500, cache_read=200, cache_write=10),
        "cost": Decimal("0.000185"),
        "seconds": 1.5,
        "replied_at": MOMENT,
        "run": "run-1",
    }
    return Reply.model_validate(given | more)


def questions(count: int, **more: Any) -> Sequence[Question]:
    """Questions about one customer each."""
    return [question(f"customer-{number:04d}", **more) for number in range(count)]
