"""What a publish did, or would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnix_cli.protocols.tables import WriteLimit
from omnix_cli.services.publishing.verification import Verification


@dataclass(frozen=True)
class PublishReport:
    """What a publish did, or would do. The lists are those added, changed, refreshed and unchanged together.

    `refreshed` lists keep their content and get a new lifetime; `removed` lists were published before and are no longer
    made; `foreign` items belong to another service and are never touched (counted only when the store was read);
    `refused` items were rejected by the store as invalid (too large, say). `compared_with` says what the lists were
    compared with, `receipts_key` names the receipts of what the store holds now. `units` are the write units used,
    `units_saved` those of the unchanged lists. `samples` are a few of the items written; `limit` is how fast a dry run
    would write.
    """

    lists: int
    added: int
    changed: int
    refreshed: int
    unchanged: int
    removed: int
    foreign: int
    refused: int
    compared_with: str
    receipts_key: str | None
    units: int
    units_saved: int
    samples: tuple[Mapping[str, Any], ...]
    limit: WriteLimit | None
    verification: Verification | None
    dry_run: bool
    seconds: float

    @property
    def written(self) -> int:
        """Items written, refreshed or deleted."""
        return self.added + self.changed + self.refreshed + self.removed

    @property
    def figures(self) -> dict[str, int | float | str]:
        """How many lists were added, changed and so on."""
        names = ("added", "changed", "refreshed", "unchanged", "removed", "refused")
        return {name: getattr(self, name) for name in names if name != "refused" or self.refused}

    def cost(self, price: float) -> dict[str, int | float | str]:
        """Write units and dollars, spent and saved, at a price for a million units."""
        spent, saved = (round(units * price / 1e6, 4) for units in (self.units, self.units_saved))
        units = {"write_units": self.units, "write_units_saved": self.units_saved}
        return {**units, "cost_usd": spent, "cost_saved_usd": saved}

    @property
    def summary(self) -> str:
        """What the lists were compared with, what the verification proves, how fast a dry run would write."""
        details = [str(detail) for detail in (self.verification, self.limit) if detail]
        return "; ".join([f"compared with {self.compared_with}", *details])

    @property
    def incomplete(self) -> str:
        """What could not be done; empty when everything was."""
        differing = str(self.verification) if self.verification and self.verification.differences else ""
        refused = f"the store refused {self.refused} items" if self.refused else ""
        return "; ".join(filter(None, (refused, differing)))
