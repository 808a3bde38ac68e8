"""`omnix check data`, and what imports and runs say about the data."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Omnix


def test_a_healthy_shop(ran: Omnix) -> None:
    answer = ran("check", "data", "--format", "json")
    assert (answer.code, json.loads(answer.out)) == (0, [])
    assert "warning" not in ran("run").err


def test_findings_are_told_after_the_import_before_the_run_and_again(shop: Omnix, tmp_path: Path) -> None:
    lines = "".join(f"c{number:02},POSTAGE,o{number},2017-09-0{number}T10:00:00Z,1,3.00\n" for number in range(1, 4))
    header = "customer_id,product_id,order_id,purchased_at,quantity,total_price\n"
    (tmp_path / "postage.csv").write_text(header + lines)
    said = "1 product id looks like postage"
    imported = shop("import", "purchases", "postage.csv")
    (line,) = (line for line in imported.err.splitlines() if said in line)
    assert "warning" in line
    assert "finding=no_products rows=3" in line
    assert said in shop("run", "--quiet").err
    found = json.loads(shop("check", "data", "--format", "json").out)
    assert "no_products" in {one["code"] for one in found}
    assert all(set(one) == {"code", "rows", "text", "hint"} for one in found)
    assert said in shop("check", "data").out


def test_an_exclusion_that_cannot_reach_the_products_stops_the_run(omnix: Omnix, tmp_path: Path) -> None:
    """The catalogue writes 0101, the purchases 101: tobacco would be recommended."""
    days = "".join(f"c{number % 4},10{number % 3},o{number},2017-09-{number:02},1,3.00\n" for number in range(1, 29))
    (tmp_path / "p.csv").write_text("customer_id,product_id,order_id,purchased_at,quantity,total_price\n" + days)
    (tmp_path / "c.csv").write_text("product_id,name,category\n0100,Cigars,Tobacco\n0101,Milk,Food\n0102,Tea,Food\n")
    (tmp_path / "omnix.toml").write_text('[recommend]\nexcluded_categories = ["Tobacco"]\n')
    assert omnix("import", "products", "c.csv").code == 0
    told = omnix("import", "purchases", "p.csv")
    assert (told.code, "0 of 3 bought products are in the catalogue" in told.err) == (0, True)
    for command in ("run", "recommend", "publish"):
        answer = omnix(command)
        assert answer.code == 2
        assert (
            "error: the categories Tobacco are excluded, but 0 of 3 bought products are in the catalogue" in answer.err
        )
    assert "hint: Export the ids as text" in answer.err


def test_import_steps_are_in_the_table_and_in_the_log_of_a_run(omnix: Omnix, tmp_path: Path) -> None:
    days = "".join(f"c{number % 4},10{number % 3},o{number},2017-09-{number:02},1,3.00\n" for number in range(1, 29))
    (tmp_path / "p.csv").write_text(
        "customer_id,product_id,order_id,purchased_at,quantity,total_price\n" + days + "x,,,,,\n"
    )
    source = '[imports]\nmax_bad = 0.5\n[[imports.sources]]\nkind = "purchases"\nfiles = ["p.csv"]\n'
    (tmp_path / "omnix.toml").write_text(source)
    answer = omnix("run")
    assert answer.code == 0
    (line,) = (line for line in answer.err.splitlines() if 'step="import purchases"' in line)
    assert "quarantined=1" in line
    shown = json.loads(omnix("runs", "show", "--format", "json").out)
    assert (shown[0]["step"], shown[0]["quarantined"]) == ("import purchases", 1)
