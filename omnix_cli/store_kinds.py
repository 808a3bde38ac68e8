"""The kinds of table stores. A new kind is one folder of `stores` with a `factory.py`, and one line here."""

from __future__ import annotations

FACTORIES = {
    "sqlite": "omnix_cli.stores.sqlite.factory",
    "dynamodb": "omnix_cli.stores.dynamodb.factory",
}
"""The module of each kind that has its `Factory` (see `protocols.tables`); a module is imported only when its kind is
used."""


def check_kind(kind: str) -> str:
    """The kind, if there is one of that name. Raises ValueError for any other."""
    if kind not in FACTORIES:
        raise ValueError(f"there is no store kind {kind!r}; choose one of: {', '.join(FACTORIES)}")
    return kind
