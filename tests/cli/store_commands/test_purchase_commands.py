from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Omnix


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
