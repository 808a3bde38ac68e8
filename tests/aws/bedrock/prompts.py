"""Prompts in the form that the double reads, for tests that need no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from omnix_cli.records import Question, Turn
from tests.aws.bedrock.forecasts import HEADER

TODAY = date(2018, 1, 15)
ROWS = (
    "p1|Oat milk|Dairy|9|2018-01-08|7,6,8,7,7,6,8,7|1|2018-01-15|2018-01-13|2018-01-17|7",
    "p2|Dish soap|Household|5|2017-12-20|30,31,29,30|1|2018-01-19|2018-01-12|2018-01-26|30",
)


def prompt(*pseudonyms: str, rows: Sequence[str] = ROWS) -> str:
    """The text of a question about these customers, all with the same products."""
    facts = "42 shopping days from 2017-01-02 to 2018-01-08, 12.50 per shopping day"
    blocks = [f"customer {name}\n{facts}\n{HEADER}\n" + "\n".join(rows) for name in pseudonyms]
    return f"Today is {TODAY.isoformat()}.\nCurrency: USD.\n\n" + "\n\n".join(blocks)


def questions(count: int, *, model: str = "amazon.nova-lite-v1:0", first: int = 0) -> list[Question]:
    """So many questions, each about a customer of its own."""
    return [_question(f"c{number:06d}", model) for number in range(first, first + count)]


def _question(pseudonym: str, model: str) -> Question:
    return Question(
        key=f"question-{pseudonym}",
        model=model,
        prompt="replenishment@1:00000000",
        as_of=TODAY,
        customers=(f"raw-{pseudonym}",),
        histories=(f"history-{pseudonym}",),
        system="Say when each customer needs what again.",
        turns=(Turn(role="user", text=prompt(pseudonym)),),
        max_output_tokens=1024,
    )
