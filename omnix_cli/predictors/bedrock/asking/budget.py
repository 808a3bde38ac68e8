"""The dollars that a run may spend."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Spending:
    """Dollars of a budget: `spent` on answers, at most `lost` on answers that never arrived, `reserved` for questions
    under way."""

    limit: Decimal | None
    spent: Decimal
    lost: Decimal
    reserved: Decimal


class Budget:
    """A limit that is never exceeded: dollars are reserved before they can be spent. Thread-safe."""

    def __init__(self, limit: Decimal | None = None) -> None:
        self.limit = limit
        self._spent = self._lost = self._reserved = Decimal(0)
        self._changed = threading.Condition()

    def reserve(self, dollars: Decimal) -> bool:
        """Reserves dollars; False when they do not fit. Waits while reserved dollars may still come back.

        A thread that waits holds nothing, so there is no deadlock."""
        with self._changed:
            while not self._fits(dollars):
                if not self._reserved:
                    return False
                self._changed.wait()
            self._reserved += dollars
            return True

    def settle(self, reserved: Decimal, *, cost: Decimal, lost: Decimal = Decimal(0)) -> None:
        """Returns reserved dollars, less what the answer cost, or may have cost if it was `lost`."""
        with self._changed:
            self._reserved -= reserved
            self._spent += cost
            self._lost += lost
            self._changed.notify_all()

    @property
    def spending(self) -> Spending:
        """The dollars so far."""
        with self._changed:
            return Spending(self.limit, self._spent, self._lost, self._reserved)

    def _fits(self, dollars: Decimal) -> bool:
        return self.limit is None or self._spent + self._lost + self._reserved + dollars <= self.limit
