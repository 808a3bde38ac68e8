"""Budgets under threads."""

from __future__ import annotations

import threading
from decimal import Decimal

from omnix_cli.predictors.bedrock.asking.budget import Budget


def test_a_budget_is_never_passed_whatever_is_under_way() -> None:
    budget = Budget(Decimal("1.00"))
    paid: list[Decimal] = []
    seen: list[Decimal] = []

    def work(part: int) -> None:
        for number in range(100):
            if not budget.reserve(Decimal("0.05")):
                return
            spending = budget.spending
            seen.append(spending.spent + spending.lost + spending.reserved)
            cost = Decimal("0.05") if number % 2 else Decimal("0.013")
            paid.append(cost)
            is_lost = number % 7 == 0
            budget.settle(Decimal("0.05"), cost=Decimal(0) if is_lost else cost, lost=cost if is_lost else Decimal(0))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(seen) <= 1
    assert Decimal("0.95") < sum(paid) <= 1
    assert budget.spending.reserved == 0
    assert budget.spending.spent + budget.spending.lost == sum(paid)


def test_a_waiting_thread_gets_the_dollars_that_come_back() -> None:
    budget = Budget(Decimal(1))
    assert budget.reserve(Decimal("0.9"))
    got: list[bool] = []
    waiting = threading.Thread(target=lambda: got.append(budget.reserve(Decimal("0.5"))))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive(), "it may still fit"
    budget.settle(Decimal("0.9"), cost=Decimal("0.2"))
    waiting.join(5)
    assert got == [True]
    budget.settle(Decimal("0.5"), cost=Decimal("0.5"))
    assert not budget.reserve(Decimal("0.4"))
    assert budget.reserve(Decimal("0.3"))


def test_without_a_limit_everything_fits() -> None:
    budget = Budget()
    assert budget.reserve(Decimal(10**9))
    budget.settle(Decimal(10**9), cost=Decimal("0.1"))
    assert budget.spending.spent == Decimal("0.1")
