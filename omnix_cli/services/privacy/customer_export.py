"""All that is stored about one customer, with where each piece came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.kept_places import Place


def export(traces: Traces, places: Sequence[Place], *, now: datetime) -> dict[str, Any]:
    """The pieces of each place as JSON values: `{"where": ..., "content": ...}`. Money stays exact."""
    kept = {
        place.name: [{"where": piece.where, "content": _plain(piece.content)} for piece in place.pieces(traces)]
        for place in places
    }
    return {"customerId": traces.customer, "exportedAt": now.isoformat(), "kept": kept}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case datetime() | date():
            return value.isoformat()
    return value
