"""Right answers made wrong, one fault each."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

Analysis = dict[str, Any]
_REFUSAL = "I cannot say when these customers will buy again without knowing more about them."


def spoiled(answer: dict[str, Any], fault: str | None) -> dict[str, Any]:
    """The answer with the fault in its last customer."""
    customers = answer.get("customers", [])
    if fault not in _SPOILS or not customers:
        return answer
    answer = deepcopy(answer)
    if fault == "missing_customer":
        answer["customers"].pop()
    else:
        _SPOILS[fault](answer["customers"][-1])
    return answer


def spoiled_text(text: str, fault: str | None) -> str:
    """The text of an answer that is not the JSON it should be."""
    if fault == "truncated_json":
        return text[: len(text) // 2]
    if fault == "not_json":
        return _REFUSAL
    if fault == "prose":
        spread = json.dumps(json.loads(text), indent=2)
        return f"Here is the analysis:\n\n```json\n{spread}\n```\n\nIn short, it depends on {{their}} habits."
    return text


def _unknown_product(customer: Analysis) -> None:
    for pattern in customer["consumptionPatterns"][-1:]:
        pattern["productId"] = "no-such-product"


def _missing_product(customer: Analysis) -> None:
    del customer["consumptionPatterns"][-1:]


def _duplicate_product(customer: Analysis) -> None:
    customer["consumptionPatterns"] += deepcopy(customer["consumptionPatterns"][-1:])


def _moved(days: int) -> Callable[[Analysis], None]:
    def move(customer: Analysis) -> None:
        for pattern in customer["consumptionPatterns"][-1:]:
            due = date.fromisoformat(pattern["predictedNextPurchaseDate"])
            pattern["predictedNextPurchaseDate"] = (due + timedelta(days=days)).isoformat()

    return move


def _with(name: str, value: Any) -> Callable[[Analysis], None]:
    def put(customer: Analysis) -> None:
        for pattern in customer["consumptionPatterns"][-1:]:
            pattern[name] = value

    return put


def _wrong_pseudonym(customer: Analysis) -> None:
    customer["customer"] = f"x{customer['customer'][1:]}x"


_SPOILS: dict[str, Callable[[Analysis], None]] = {
    "unknown_product": _unknown_product,
    "missing_product": _missing_product,
    "duplicate_product": _duplicate_product,
    "past_date": _moved(-3 * 365),
    "absurd_date": _moved(50 * 365),
    "negative_interval": _with("averageDaysBetweenPurchases", -7.0),
    "overconfident": _with("confidence", 1.7),
    "wrong_pseudonym": _wrong_pseudonym,
    "missing_customer": lambda customer: None,
}
