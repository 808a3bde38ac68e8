"""What customers of the store agreed to, on top of their imported profiles: a withdrawal counts from the next run on,
whether or not the profiles of the store are imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest
from omnix_cli.services.customers.profiles import TABLE

_COLUMNS = {"personalisation": "consent_personalisation", "aiAnalysis": "consent_ai_analysis"}


@dataclass(frozen=True)
class ConsentingCustomers:
    """Imported profiles with the consents of the store. Implements `protocols.StoredFrame`.

    Who says no in one of the two places has not agreed; a yes counts where the other does not say."""

    imported: StoredFrame
    consents: pl.DataFrame
    """`customer_id` and the columns of consent, sorted by id."""

    @property
    def name(self) -> str:
        return self.imported.name

    @property
    def key(self) -> str:
        return f"{self.name}-{digest({'imported': self.imported.key, 'consents': self.consents.rows()})}"

    @property
    def rows(self) -> int:
        return self.imported.rows + int(self._others().select(pl.len()).collect().item())

    def scan(self, *columns: str) -> pl.LazyFrame:
        spec = FRAMES[self.name]
        said = self.consents.lazy()
        known = self.imported.scan().join(said, on="customer_id", how="left", suffix="_said", maintain_order="left")
        agreed = [_agreed(pl.col(name), pl.col(f"{name}_said")).alias(name) for name in _COLUMNS.values()]
        names = spec.schema.column_names()
        empty: dict[str, list[str]] = {
            name: [] for name, dtype in spec.empty().schema.items() if isinstance(dtype, pl.List)
        }
        others = self._others().select(
            pl.col(name)
            if name in self.consents.columns
            else pl.lit(empty.get(name), spec.empty().schema[name]).alias(name)
            for name in names
        )
        return pl.concat([known.with_columns(agreed).select(names), others]).sort(spec.sort)

    def _others(self) -> pl.LazyFrame:
        """The consents of customers without an imported profile."""
        return self.consents.lazy().join(self.imported.scan("customer_id"), on="customer_id", how="anti")


def with_consents(imported: StoredFrame, consents: pl.DataFrame) -> StoredFrame:
    """The imported profiles with these consents, if there are any."""
    return ConsentingCustomers(imported, consents) if consents.height else imported


def stored_consents(store: TableStore, customers: Collection[str] | None = None) -> pl.DataFrame:
    """What the profiles of a store say about consent, all or those of some customers, where they say anything:
    `customer_id` and the columns of consent, sorted by id."""
    if store.missing_tables((TABLE,)):
        return pl.DataFrame()
    columns = ("customerId", "consent")
    items = store.scan(TABLE, attributes=columns) if customers is None else store.get_many(TABLE, list(customers))
    said = [(item["customerId"], *_said(item)) for item in items]
    schema = {"customer_id": pl.String, **dict.fromkeys(_COLUMNS.values(), pl.Boolean)}
    consents = pl.DataFrame(said, schema=schema, orient="row").sort("customer_id")
    return consents.filter(pl.any_horizontal(pl.col(*_COLUMNS.values()).is_not_null()))


def _said(item: Mapping[str, Any]) -> tuple[bool | None, ...]:
    consent = item.get("consent")
    values = [consent.get(name) if isinstance(consent, Mapping) else None for name in _COLUMNS]
    return tuple(value if isinstance(value, bool) else None for value in values)


def _agreed(imported: pl.Expr, said: pl.Expr) -> pl.Expr:
    return pl.when(said.is_null()).then(imported).when(imported.is_null()).then(said).otherwise(imported & said)
