"""The order in which a customer is forgotten, and the receipt."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import InvalidRecord, PartialError
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.byte_search import StoredFile
from omnix_cli.services.privacy.customer_export import export
from omnix_cli.services.privacy.forgetting import OWN_KEY, PSEUDONYM_KEY, Kept, Receipt, forget
from omnix_cli.services.privacy.kept_places import Piece
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.forgotten import ForgottenCustomers

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


@dataclass
class Shelf:
    name: str
    texts: list[str]
    order: list[str] = field(default_factory=list)
    forgotten: ForgottenCustomers | None = None

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        return (Piece(self.name, text) for text in self.texts if traces.is_in(text))

    def erase(self, traces: Traces) -> int:
        assert self.forgotten is None or self.forgotten.find(traces.customer), "the tombstone comes first"
        self.order.append(self.name)
        left = [text for text in self.texts if not traces.is_in(text)]
        count, self.texts = len(self.texts) - len(left), left
        return count

    def is_also(self, customer: str) -> bool:
        return False

    def current_rows(self, traces: Traces) -> dict[str, int]:
        return {"import-a": len(list(self.pieces(traces)))}


def kept(folder: Path, **facts: Any) -> tuple[Kept, list[str]]:
    order: list[str] = []
    forgotten = ForgottenCustomers(DiskFolder(folder))
    live, stored, rows = (
        Shelf(name, [f"{name} of zoe-4711", "of others"], order, forgotten) for name in ("live", "stored", "rows")
    )
    made = Kept(
        forgotten=forgotten,
        rows=rows,  # type: ignore[arg-type]
        live=[live],
        stored=[stored],
        files=lambda: iter(
            [StoredFile(name.name, lambda s=name: "\n".join(s.texts).encode()) for name in (stored, rows)]
        ),
        now=lambda: NOW,
        **facts,
    )
    return made, order


def test_only_what_is_live_goes_at_once(tmp_path: Path) -> None:
    everything, order = kept(tmp_path)
    receipt = forget("zoe-4711", everything, purge=False)
    assert order == ["live"] and receipt.erased == {"live": 1} and receipt.hidden == 1
    found = everything.forgotten.find("zoe-4711")
    assert found and (found.purged, found.rows) == (False, {"import-a": 1})


def test_the_rows_go_last_and_then_nothing_is_hidden(tmp_path: Path) -> None:
    everything, order = kept(tmp_path)
    receipt = forget("zoe-4711", everything, purge=True)
    assert order == ["live", "stored", "rows"]
    assert (receipt.erased, receipt.hidden, receipt.searched_files) == ({"live": 1, "stored": 1, "rows": 1}, 0, 2)
    assert everything.forgotten.find("zoe-4711").purged  # type: ignore[union-attr]


def test_counts_of_a_stopped_forgetting_are_kept(tmp_path: Path) -> None:
    everything, _ = kept(tmp_path)
    forget("zoe-4711", everything, purge=False)
    receipt = forget("zoe-4711", everything, purge=True)
    assert receipt.erased == {"live": 1, "stored": 1, "rows": 1}
    assert forget("zoe-4711", everything, purge=True).erased == receipt.erased


def test_what_remains_is_told_also_under_the_pseudonym(tmp_path: Path) -> None:
    everything, _ = kept(tmp_path, pseudonym=lambda customer: "others", secret=b"s" * 16)
    with pytest.raises(PartialError) as raised:
        forget("zoe-4711", everything, purge=True)
    receipt = raised.value.report
    assert receipt.remaining == ("stored", "rows") and not receipt.purged and receipt.signature
    assert not everything.forgotten.find("zoe-4711").purged  # type: ignore[union-attr]


@pytest.mark.parametrize("secret", [b"", b"0123456789abcdef"])
def test_a_receipt_can_be_checked(tmp_path: Path, secret: bytes) -> None:
    everything, _ = kept(tmp_path, secret=secret)
    receipt = forget("zoe-4711", everything, purge=True)
    assert receipt.signed_with == (PSEUDONYM_KEY if secret else OWN_KEY)
    text = json.dumps(receipt.content(), sort_keys=True, separators=(",", ":"))
    assert receipt.signature == hmac.digest(secret or everything.forgotten.key, text.encode(), "sha256").hex()
    found = everything.forgotten.find("zoe-4711")
    assert found and found.receipt == {**json.loads(text), "signature": receipt.signature}
    assert isinstance(receipt, Receipt) and "zoe" not in text


def test_blank_ids_are_refused(tmp_path: Path) -> None:
    everything, order = kept(tmp_path)
    for blank in ("", " "):
        with pytest.raises(InvalidRecord, match="blank"):
            forget(blank, everything, purge=True)
        with pytest.raises(InvalidRecord, match="blank"):
            export(everything.traces(blank), everything.places, now=NOW)
    assert order == []


def test_an_export_is_plain(tmp_path: Path) -> None:
    place = Shelf("rows", [])
    piece = Piece("here", {"at": NOW, "days": [NOW.date()], "n": 1})
    place.pieces = lambda traces: iter([piece])  # type: ignore[method-assign]
    found = export(Traces("zoe-4711"), [place], now=NOW)
    assert found["kept"] == {
        "rows": [{"where": "here", "content": {"at": "2018-01-15T03:00:00+00:00", "days": ["2018-01-15"], "n": 1}}]
    }


def test_the_key_of_pseudonyms_does_not_show(tmp_path: Path) -> None:
    made, _ = kept(tmp_path, secret=b"a-secret-of-the-shop")
    assert "a-secret" not in repr(made)
