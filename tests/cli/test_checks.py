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


def test_a_refused_import_is_in_the_list_of_runs_and_in_the_log(omnix: Omnix, tmp_path: Path) -> None:
    header = "customer_id,product_id,order_id,purchased_at,quantity,total_price\n"
    (tmp_path / "bad.csv").write_text(header + "c1,p1,o1,2017-09-01,many,3.00\n")
    (tmp_path / "omnix.toml").write_text('[[imports.sources]]\nkind = "purchases"\nfiles = ["bad.csv"]\n')
    answer = omnix("run")
    assert answer.code == 3
    assert 'step failed step="import purchases" status=failed' in answer.err
    (run,) = json.loads(omnix("runs", "list", "--format", "json").out)
    assert (run["command"], run["status"], run["exit_code"]) == ("run", "failed", 3)
    (step,) = json.loads(omnix("runs", "show", "--format", "json").out)
    assert (step["status"], step["rows_in"], step["quarantined"]) == ("failed", 1, 1)
    assert step["why"].startswith("1 of 1 row is bad (100.0%, allowed 1.0%): 1 quantity not a number")


def test_several_currencies_are_told_by_file_by_run_and_again_until_one_is_kept(omnix: Omnix, tmp_path: Path) -> None:
    header = "customer_id,product_id,order_id,purchased_at,quantity,total_price\n"
    prices = ("€4.50", "€ 5", "$4.50", "CA$ 4", "2.00")
    lines = "".join(f"c{n},p1,o{n},2017-09-0{n + 1},1,{price}\n" for n, price in enumerate(prices))
    (tmp_path / "p.csv").write_text(header + lines)
    said = "2 rows in EUR, 1 row in $, 1 row in CAD, 1 row without one"
    imported = omnix("import", "purchases", "p.csv")
    assert f"currencies: {said}; not converted" in imported.out
    assert f"several currencies: {said}" in imported.err
    assert "finding=several_currencies rows=3" in omnix("run").err
    (found,) = json.loads(omnix("check", "data", "--format", "json").out)
    assert (found["code"], found["rows"]) == ("several_currencies", 3)
    assert 'set `currency = "EUR"` in the mapping' in found["hint"]
    (tmp_path / "m.toml").write_text('[purchases]\ncurrency = "EUR"\n')
    again = omnix("import", "purchases", "p.csv", "--mapping", "m.toml")
    assert again.code == 0
    assert "in another currency ($)" in again.err
    assert "in another currency (CAD)" in again.err
    assert json.loads(omnix("check", "data", "--format", "json").out) == []


def test_two_files_of_different_currencies_are_told(omnix: Omnix, tmp_path: Path) -> None:
    header = "customer_id,product_id,order_id,purchased_at,quantity,total_price,Currency\n"
    for name, currency in {"a": "EUR", "b": "usd", "c": "EUR"}.items():
        (tmp_path / f"{name}.csv").write_text(f"{header}c1,p1,{name},2017-09-01,1,3.00,{currency}\n")
    assert "several currencies" not in omnix("import", "purchases", "a.csv", "c.csv").err
    assert "2 rows in EUR, 1 row in USD" in omnix("import", "purchases", "b.csv").err
