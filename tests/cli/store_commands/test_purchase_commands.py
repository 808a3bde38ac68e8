from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Omnix


def test_imported_purchases_are_in_the_store_after_a_backfill(shop: Omnix) -> None:
    before = shop("customers", "purchases", "c01", "--format", "json")
    assert (before.code, before.out.strip(), "`omnix tables backfill`" in before.err) == (0, "[]", True)
    assert shop("tables", "backfill").code == 0
    after = shop("customers", "purchases", "c01", "--limit", "500", "--format", "json")
    assert len(json.loads(after.out)) == 20 + 20 + 5 + 10  # milk, bread, tea, jam


def test_purchases_are_added_and_paged(omnix: Omnix, tmp_path: Path) -> None:
    rows = [
        {"productId": "milk", "unitPrice": 1.10, "purchaseDate": f"2018-01-{day:02}T10:00:00Z"} for day in (1, 2, 3)
    ]
    (tmp_path / "rows.json").write_text(json.dumps([*rows, {"productId": "tea"}]))
    added = omnix("purchases", "add", "zoe", "--data", "rows.json", "--format", "json")
    assert (added.code, "1 of 4 purchases were refused" in added.err) == (5, True)
    assert [one["status"] for one in json.loads(added.out)] == ["created"] * 3 + ["refused"]
    page = omnix("customers", "purchases", "zoe", "--limit", "2", "--format", "json")
    assert [item["purchaseDate"][:10] for item in json.loads(page.out)] == ["2018-01-03", "2018-01-02"]
    cursor = page.err.split("--cursor ")[1].strip()
    rest = json.loads(omnix("customers", "purchases", "zoe", "--cursor", cursor, "--format", "json").out)
    assert [item["totalPrice"] for item in rest] == [1.1]
    assert omnix("customers", "purchases", "zoe", "--cursor", "abc").code == 2
    refused = omnix("purchases", "add", "zoe", "milk", "--unit-price", "cheap")
    assert (refused.code, "unitPrice" in refused.err) == (3, True)
    assert omnix("purchases", "add", "zoe").code == 2


def test_orders_are_applied_from_a_document_a_list_or_lines(omnix: Omnix, tmp_path: Path) -> None:
    line = {"productId": "milk", "quantity": 2, "unitPrice": 1.1}
    order = {"id": "R-1", "customerId": "zoe", "orderDate": "2018-01-15", "status": "completed", "items": [line]}
    cancelled = {**order, "status": "cancelled", "updatedAt": "2018-01-16T08:00:00Z"}
    (tmp_path / "one.json").write_text(json.dumps(order, indent=1))
    (tmp_path / "list.json").write_text(json.dumps([cancelled, order]))
    (tmp_path / "lines.ndjson").write_text("\n".join(json.dumps(one) for one in (order, {**order, "id": " "})) + "\n")
    once = omnix("purchases", "orders", "--data", "one.json", "--format", "json")
    assert (once.code, json.loads(once.out)[0]["status"]) == (0, "applied"), once.err
    shown = json.loads(omnix("customers", "purchases", "zoe", "--format", "json").out)
    assert [(item["id"], item["purchaseDate"]) for item in shown] == [("##R-1#milk", "2018-01-15T00:00:00.000Z")]
    again = omnix("purchases", "orders", "--data", "lines.ndjson", "--format", "json")
    assert [one["status"] for one in json.loads(again.out)] == ["unchanged", "refused"]
    assert (again.code, "1 of 2 orders were refused" in again.err) == (5, True)
    listed = omnix("purchases", "orders", "--data", "list.json", "--format", "json")
    assert [one["status"] for one in json.loads(listed.out)] == ["applied", "older"]
    assert json.loads(omnix("customers", "purchases", "zoe", "--format", "json").out) == []


def test_files_without_orders_are_refused(omnix: Omnix, tmp_path: Path) -> None:
    for name, content, code in (
        ("none", "[]", 3),
        ("bad", '{"id": 1}', 3),
        ("cut", '{"id": "1"}\n{"id": ', 3),
        ("no", "", 3),
    ):
        (tmp_path / name).write_text(content)
        answer = omnix("purchases", "orders", "--data", name)
        assert (answer.code, answer.out == "" or name == "bad") == (code, True), name
    assert "line 2 is not JSON" in omnix("purchases", "orders", "--data", "cut").err
    assert omnix("purchases", "orders", "--data", "absent").code == 2
