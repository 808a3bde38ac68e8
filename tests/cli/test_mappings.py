"""Columns, drafts and checks of recipes; what is set by flags and by sources."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.api.workspace import open_workspace
from omnix_cli.mappings import DERIVED, REQUIRED
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.column_meanings import MEANINGS
from tests.cli.conftest import Omnix


def purchases(folder: Path) -> list[dict[str, Any]]:
    """The stored purchase lines."""
    return open_workspace(folder / ".omnix").frame("purchases").sort("customer_id").to_dicts()


SHOP = 'Client,SKU,Sold On,Qty,Weird\nc1,tea,2020-03-04 10:00,2,"x ""y"""\nc2,milk,2020-13-04,2,z\n'


@pytest.mark.parametrize("kind", [*REQUIRED, "orders"])
def test_columns_are_listed_with_types_and_meanings(omnix: Omnix, kind: str) -> None:
    rows = json.loads(omnix("import", kind, "--columns", "--format", "json").out)
    frame = "purchases" if kind == "orders" else kind
    names = [row["column"] for row in rows]
    assert [name for name in FRAMES[frame].schema.column_names() if name not in DERIVED] == [
        name for name in names if name not in ("line", "currency")
    ]
    assert [row["column"] for row in rows if row["required"]] == list(REQUIRED[frame])
    assert all(row["meaning"] and row["type"] for row in rows)
    assert set(MEANINGS[frame]) == set(names)


def test_a_draft_marks_its_guesses_and_passes_its_check(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(SHOP)
    draft = omnix("mapping", "init", "shop.csv").out
    (tmp_path / "shop.toml").write_text(draft)
    columns = {"customer_id": "Client", "product_id": "SKU", "purchased_at": "Sold On", "quantity": "Qty"}
    assert tomllib.loads(draft)["purchases"]["columns"] == columns
    assert draft.count("guess;") == 4
    assert '# Not used: "Weird", for example "x \\"y\\""' in draft
    checked = omnix("mapping", "check", "shop.toml", "shop.csv", "--format", "json")
    cells = {(row["row"], row["column"]): row for row in json.loads(checked.out)}
    assert cells[2, "customer_id"]["from"] == "Client"
    assert cells[2, "purchased_at"]["written"] == "2020-03-04 10:00"
    assert cells[2, "purchased_at"]["becomes"].startswith("2020-03-04T10:00")
    assert cells[3, "purchased_at"]["becomes"] == "BAD: not a date"
    assert "2 rows read = 1 good + 1 for quarantine" in checked.err
    assert "timezone: UTC" in checked.err
    assert omnix("import", "purchases", "shop.csv", "--mapping", "shop.toml", "--max-bad", "1").code == 0


OPEN_DAYS = "Client,SKU,Date\nc1,tea,03/04/2024\nc2,milk,05/04/2024\n"


def test_a_draft_names_the_setting_for_dates_that_can_be_read_in_two_ways(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(OPEN_DAYS)
    draft = omnix("mapping", "init", "shop.csv").out
    assert '# day_first = true  # or false, if omnix asks how to read "03/04/2024"' in draft
    (tmp_path / "shop.toml").write_text(draft.replace("# day_first", "day_first"))
    assert omnix("import", "purchases", "shop.csv", "--mapping", "shop.toml").code == 0
    (tmp_path / "iso.csv").write_text(SHOP)
    assert "day_first" not in omnix("mapping", "init", "iso.csv").out


@pytest.mark.parametrize(("flag", "day"), [("--day-first", "2024-04-03"), ("--month-first", "2024-03-04")])
def test_a_check_takes_the_flags_that_its_hints_name(omnix: Omnix, tmp_path: Path, flag: str, day: str) -> None:
    (tmp_path / "shop.csv").write_text(OPEN_DAYS)
    (tmp_path / "shop.toml").write_text(omnix("mapping", "init", "shop.csv").out)
    asked = omnix("mapping", "check", "shop.toml", "shop.csv")
    assert (asked.code, "--day-first" in asked.err) == (3, True)
    checked = omnix("mapping", "check", "shop.toml", "shop.csv", flag, "--limit", "1", "--format", "json")
    cells = {row["column"]: row["becomes"] for row in json.loads(checked.out)}
    assert cells["purchase_day"] == day
    assert "1 row read = 1 good" in checked.err


def test_a_check_reads_the_encoding_and_zone_that_are_given(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_bytes(
        "customer_id,product_id,purchased_at\nc1,Gruß,2024-03-04 23:30\n".encode("cp850")
    )
    given = ("--encoding", "cp850", "--timezone", "America/New_York")
    checked = omnix("mapping", "check", "omnix", "shop.csv", *given, "--format", "json")
    cells = {row["column"]: row["becomes"] for row in json.loads(checked.out)}
    assert (cells["product_id"], cells["purchased_at"][:13]) == ("Gruß", "2024-03-05T04")
    wrong = omnix("mapping", "check", "omnix", "shop.csv", "--encoding", "cp85o")
    assert (wrong.code, "such as utf-8, cp1252" in wrong.err) == (2, True)


def test_a_check_of_a_file_without_rows_says_so(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("customer_id,product_id,purchased_at\n")
    checked = omnix("mapping", "check", "omnix", "shop.csv")
    assert (checked.code, "there are no rows" in checked.err) == (3, True)


def test_the_recipes_are_listed_with_their_kinds(omnix: Omnix) -> None:
    listed = {row["name"]: row for row in json.loads(omnix("mapping", "list", "--format", "json").out)}
    assert listed["shopify"]["kinds"] == "purchases, products"
    assert listed["woocommerce"]["kinds"] == "orders"
    assert all(row["what"].endswith(".") and row["what"][:1].isupper() for row in listed.values())
    assert omnix("mapping", "check", "nope", "a.csv").err.count("shopify") == 1


def test_a_column_with_its_own_name_is_no_guess(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Product ID,sku,title\n1,tea,Tea\n")
    draft = omnix("mapping", "init", "a.csv", "--kind", "products").out
    assert 'product_id = "Product ID"  # for example "1"' in draft
    assert 'sku = "sku"  # for example "tea"' in draft
    assert 'name = "title"  # guess; for example "Tea"' in draft


def test_a_draft_says_which_required_column_is_not_found(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("foo,bar\n1,2\n")
    draft = omnix("mapping", "init", "a.csv")
    assert draft.code == 0
    assert '# customer_id = "COLUMN"  # required: Who bought.' in draft.out
    tomllib.loads(draft.out)


def test_drafts_and_checks_of_files_without_rows_or_columns(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "a.csv").write_text("foo,bar\n1,2\n")
    assert omnix("mapping", "init", "empty.csv").code in (0, 3)
    assert omnix("mapping", "check", "omnix", "empty.csv").code == 3
    assert omnix("mapping", "check", "omnix", "a.csv").code == 3
    assert omnix("mapping", "init", "gone.csv").code == 3
    assert omnix("mapping", "check", "nothing", "a.csv").code == 2


def test_values_and_encodings_are_set_by_flags(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("customer_id,product_id,purchased_at\n1,thé,2020-05-01\n".encode("cp850"))
    flags = ("--set", "store_location=Rome", "--set", "quantity=3", "--encoding", "cp850")
    assert omnix("import", "purchases", "a.csv", *flags).code == 0
    (row,) = purchases(tmp_path)
    assert (row["product_id"], row["store_location"], row["quantity"]) == ("thé", "Rome", 3)
    for wrong in (["--encoding", "nothing"], ["--set", "nothing=1"], ["--set", "rating=1", "--map", "rating=x"]):
        assert omnix("import", "purchases", "a.csv", *wrong).code == 2


def test_a_replay_uses_the_mapping_and_the_time_zone_of_its_import(omnix: Omnix, tmp_path: Path) -> None:
    lines = "client,product_id,sold_on,quantity\nann,tea,2020-05-01 23:30,1\nbob,tea,2020-05-01 23:30,none\n"
    (tmp_path / "a.csv").write_text(lines)
    flags = ("--map", "customer_id=client", "--map", "purchased_at=sold_on", "--set", "store_location=Rome")
    assert omnix("import", "purchases", "a.csv", *flags, "--timezone", "Asia/Tokyo", "--max-bad", "1").code == 0
    (tmp_path / "b.csv").write_text(lines.replace("none", "2"))
    replayed = omnix("quarantine", "replay", "--fixed", "a.csv=b.csv")
    assert replayed.code == 0, replayed.err
    assert "1 accepted" in replayed.err
    rows = purchases(tmp_path)
    assert {row["customer_id"]: (row["purchase_day"], row["store_location"]) for row in rows} == {
        "ann": (date(2020, 5, 1), "Rome"),
        "bob": (date(2020, 5, 1), "Rome"),
    }
    assert len({row["purchased_at"] for row in rows}) == 1
    again = omnix("import", "purchases", "b.csv", *flags, "--timezone", "Asia/Tokyo")
    assert "0 accepted + 0 quarantined + 2 already known" in again.err


def test_a_replay_of_files_with_different_mappings_reads_each_with_its_own(omnix: Omnix, tmp_path: Path) -> None:
    for name, column in (("a.csv", "client"), ("b.csv", "buyer")):
        (tmp_path / name).write_text(f"{column},product_id,purchased_at,quantity\n{name},tea,2020-05-01,none\n")
        omnix("import", "purchases", name, "--map", f"customer_id={column}", "--max-bad", "1")
    replayed = omnix("quarantine", "replay", "--set", "quantity=1")
    assert "2 accepted" in replayed.err
    rows = purchases(tmp_path)
    assert [row["customer_id"] for row in rows] == ["a.csv", "b.csv"]


SOURCE = """
[[imports.sources]]
kind = "purchases"
files = ["a.csv"]
map = {customer_id = "client"}
set = {store_location = "Rome"}
encoding = "cp850"
day_first = true
"""


def test_sources_can_be_added_below_what_init_writes(omnix: Omnix, tmp_path: Path) -> None:
    assert omnix("init").code == 0
    config = tmp_path / "omnix.toml"
    config.write_text(config.read_text() + SOURCE)
    (tmp_path / "a.csv").write_bytes("client,product_id,purchased_at,quantity\n1,thé,03/04/2020,1\n".encode("cp850"))
    assert omnix("config", "check").code == 0
    ran = omnix("run")
    assert ran.code == 0, ran.err
    (row,) = purchases(tmp_path)
    assert [row[name] for name in ("customer_id", "product_id", "purchase_day", "store_location")] == [
        "1",
        "thé",
        date(2020, 4, 3),
        "Rome",
    ]


def test_a_source_that_names_what_does_not_exist_is_refused(omnix: Omnix, tmp_path: Path) -> None:
    for old, new in (("customer_id", "custmer_id"), ("store_location", "shop"), ("cp850", "cp0")):
        (tmp_path / "omnix.toml").write_text(SOURCE.replace(old, new))
        assert omnix("config", "check").code == 2
