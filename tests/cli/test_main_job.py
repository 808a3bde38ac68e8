from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.stores.sqlite.store import SqliteStore
from tests.cli.conftest import CUSTOMERS, Omnix

STEPS = [
    *("similarity", "cycles", "rhythms", "predict", "popularity"),
    *("ranker", "ranking", "assortment", "recommend", "shop_lists"),
    *("shop_orders", "shopping_patterns", "segments", "publish"),
]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_run_says_what_became_of_every_step(shop: Omnix) -> None:
    first = shop("run", "--format", "csv")
    assert first.code == 0, first.err
    assert [(row["step"], row["status"]) for row in rows(first.out)] == [(step, "ran") for step in STEPS]
    assert "step=similarity status=ran" in first.err
    again = shop("run", "--format", "csv", "--quiet")
    assert [row["status"] for row in rows(again.out)] == ["reused"] * len(STEPS)
    assert again.err == ""


def test_a_dry_run_changes_nothing(shop: Omnix, tmp_path: Path) -> None:
    before = sorted(path.name for path in (tmp_path / ".omnix" / "checkpoints").iterdir())
    answer = shop("run", "--dry-run", "--format", "csv")
    assert answer.code == 0, answer.err
    assert {row["status"] for row in rows(answer.out)} == {"pending"}
    assert sorted(path.name for path in (tmp_path / ".omnix" / "checkpoints").iterdir()) == before
    assert not (tmp_path / ".omnix" / "store.sqlite").exists()


def test_a_dry_publish_counts(ran: Omnix, tmp_path: Path) -> None:
    (tmp_path / ".omnix" / "store.sqlite").unlink()
    answer = ran("publish", "--dry-run", "--format", "csv")
    publish = rows(answer.out)[-1]
    assert (publish["step"], publish["status"]) == ("publish", "pending")
    assert "added " in publish["figures"]
    assert not (tmp_path / ".omnix" / "store.sqlite").exists()


def test_single_steps_bring_what_they_rest_on(shop: Omnix) -> None:
    assert [row["step"] for row in rows(shop("similarity", "--format", "csv").out)] == ["similarity"]
    predicted = rows(shop("predict", "--format", "csv").out)
    assert [row["step"] for row in predicted] == ["cycles", "rhythms", "predict"]
    recommended = rows(shop("recommend", "--format", "csv").out)
    assert {row["step"]: row["status"] for row in recommended}["predict"] == "reused"
    assert rows(shop("publish", "--format", "csv").out)[-1]["step"] == "publish"


def test_force_computes_the_named_step_again(ran: Omnix) -> None:
    again = {row["step"]: row["status"] for row in rows(ran("predict", "--force", "--format", "csv").out)}
    assert again == {"cycles": "reused", "rhythms": "reused", "predict": "ran"}


def test_a_past_day_is_not_published_over_a_later_one(ran: Omnix) -> None:
    past = rows(ran("run", "--as-of", "2017-11-20", "--format", "csv").out)[-1]
    assert (past["step"], past["status"]) == ("publish", "skipped")
    assert "the store holds newer lists, as of 2017-12-23" in past["why"]
    forced = rows(ran("publish", "--as-of", "2017-11-20", "--force", "--format", "csv").out)[-1]
    assert (forced["step"], forced["status"]) == ("publish", "ran")
    back = rows(ran("run", "--format", "csv").out)
    assert [(row["step"], row["status"]) for row in back if row["status"] != "reused"] == [("publish", "ran")]


def test_lists_of_a_day_to_come_are_not_published_unasked(shop: Omnix) -> None:
    answer = shop("run", "--as-of", "2199-01-01", "--format", "csv")
    assert answer.code == 0, answer.err
    assert rows(answer.out)[-1]["status"] == "skipped"
    assert "is in the future" in answer.err
    assert rows(shop("run", "--format", "csv").out)[-1]["status"] == "ran"


def test_force_mends_a_store_that_others_changed(ran: Omnix, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / ".omnix" / "store.sqlite")
    store.delete_many("recommendations", ["c01#homepage"])
    assert "unchanged" in rows(ran("publish", "--format", "csv").out)[-1]["figures"]
    forced = rows(ran("publish", "--force", "--format", "csv").out)[-1]
    assert "added 1," in forced["figures"]
    store.close()


def test_long_after_the_last_purchase_the_job_still_ends_well(shop: Omnix) -> None:
    answer = shop("run", "--as-of", "2200-01-01", "--format", "csv")
    assert answer.code == 0, answer.err


def test_a_changed_setting_runs_only_what_rests_on_it(ran: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    def runs(setting: str, value: str) -> list[str]:
        with monkeypatch.context() as patch:
            patch.setenv(setting, value)
            return [row["step"] for row in rows(ran("explain", "--format", "csv").out) if row["status"] == "pending"]

    assert runs("OMNIX_PREDICTION__URGENT_DAYS", "3") == ["predict", "recommend", "publish"]
    assert runs("OMNIX_RECOMMEND__COUNT", "7") == ["recommend", "publish"]
    assert runs("OMNIX_SHOP_LISTS__SIMILAR_COUNT", "7") == ["shop_lists", "publish"]
    trends = ["popularity", "ranking", "recommend", "shop_lists", "publish"]
    assert runs("OMNIX_RECOMMEND__TRENDING_WINDOW_DAYS", "7") == trends
    assert runs("OMNIX_ENGINE__SLICE_ROWS", "7") == []


def test_the_ranker_is_fitted_once_a_week_to_what_was_bought_before_monday(ran: Omnix, tmp_path: Path) -> None:
    def pending(day: str) -> set[str]:
        answer = ran("explain", "--as-of", day, "--format", "csv")
        return {row["step"] for row in rows(answer.out) if row["status"] == "pending"}

    assert pending("2017-12-24") >= {"ranking", "recommend"}  # a Sunday; the run was for the Saturday before
    assert "ranker" not in pending("2017-12-24")
    assert "ranker" in pending("2017-12-25")
    lines = "id,customer_id,product_id,purchased_at,quantity\nnew,c01,milk,{} 10:00,1\n"
    (tmp_path / "friday.csv").write_text(lines.format("2017-12-22"))
    assert ran("import", "purchases", "friday.csv", "--map", "purchase_id=id").code == 0
    assert "ranker" not in pending("2017-12-24")
    (tmp_path / "late.csv").write_text(lines.format("2017-12-01").replace("new", "late"))
    assert ran("import", "purchases", "late.csv", "--map", "purchase_id=id").code == 0
    assert "ranker" in pending("2017-12-24")


def test_with_the_least_memory_the_neighbours_are_the_same(ran: Omnix) -> None:
    plenty = ran("show", "similar", "milk", "--format", "json").out
    least = re.search(r"at least (\d+MB)", ran("similarity", "--force", "--max-memory", "450MB").err)
    assert least is not None
    little = ran("similarity", "--force", "--max-memory", least[1])
    assert little.code == 0
    assert ran("show", "similar", "milk", "--format", "json").out == plenty
    assert ran("similarity", "--max-memory", "some").code == 2


def test_explain_says_why(ran: Omnix) -> None:
    nothing = rows(ran("explain", "--format", "csv").out)
    assert {(row["status"], row["why"]) for row in nothing} == {("reused", "nothing changed")}
    earlier = {row["step"]: row["why"] for row in rows(ran("explain", "--as-of", "2017-11-01", "--format", "csv").out)}
    assert "as_of" in earlier["cycles"]
    assert "changed input: neighbours" in earlier["shop_lists"]
    assert "->" not in earlier["shop_lists"]  # none of its settings changed


def test_a_customer_sees_two_shelves_with_reasons(ran: Omnix) -> None:
    items = json.loads(ran("show", "recommendations", "c02", "--format", "json").out)
    assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
    assert {item["product_id"] for item in items} >= {"milk", "bread", "jam"}
    shelves = {item["product_id"]: item["shelf"] for item in items}
    assert shelves["milk"] == "due_again"
    assert shelves["jam"] in ("new_for_you", "fallback")
    assert "you buy this about every 7 days" in next(item["reason"] for item in items if item["product_id"] == "milk")
    assert all(item["reason"] for item in items)


def test_an_unknown_customer_gets_what_is_popular_labelled_so(ran: Omnix) -> None:
    items = json.loads(ran("show", "recommendations", "nobody", "--format", "json").out)
    assert items
    assert {item["shelf"] for item in items} == {"fallback"}
    assert all("popular" in item["tags"] for item in items)


def test_neighbours_come_with_their_support(shop: Omnix, tmp_path: Path) -> None:
    """What all customers buy goes with nothing; where as many others buy none of it, it goes together."""
    assert shop("run").code == 0
    assert json.loads(shop("show", "similar", "milk", "--format", "json").out) == []
    others = [f"x{number},honey,x{number},2017-12-01T10:00:00Z,1,2.50" for number in range(len(CUSTOMERS))]
    head = "customer_id,product_id,order_id,purchased_at,quantity,total_price"
    (tmp_path / "others.csv").write_text("\n".join([head, *others]) + "\n")
    assert shop("import", "purchases", "others.csv").code == 0
    assert shop("run").code == 0
    found = {item["neighbour_id"]: item for item in json.loads(shop("show", "similar", "milk", "--format", "json").out)}
    assert found["bread"]["support"] == len(CUSTOMERS)
    assert found["jam"]["support"] == len(CUSTOMERS) / 2
    assert found["bread"]["jaccard"] == 1
    assert found["bread"]["product_name"] == "Brown bread"
    complements = ("show", "similar", "milk", "--relation", "complements", "--limit", "1", "--format", "json")
    assert [item["neighbour_id"] for item in json.loads(shop(*complements).out)] == ["bread"]


def test_what_is_due_is_due_on_the_rhythm(ran: Omnix) -> None:
    due = json.loads(ran("show", "due", "--days", "7", "--customer", "c01", "--format", "json").out)
    milk = next(row for row in due if row["product_id"] == "milk")
    assert milk["predicted_date"] == "2017-12-25"  # bought on Mondays, last on the 18th
    assert milk["date_p10"] <= milk["predicted_date"] <= milk["date_p90"]
    assert milk["probability"] == milk["probability_7d"]
    chances = [row["probability"] for row in due]
    assert chances == sorted(chances, reverse=True)
    within_3_days = json.loads(ran("show", "due", "--days", "3", "--customer", "c01", "--format", "json").out)
    assert all(0 < row["probability"] <= row["probability_7d"] for row in within_3_days)


def test_trending_seasonal_and_customers_are_shown(ran: Omnix) -> None:
    for arguments in (["trending"], ["seasonal", "--season", "winter"], ["seasonal"]):
        assert ran("show", *arguments).code == 0
    rhythm = json.loads(ran("show", "customer", "c01", "--format", "json").out)
    assert {row["product_id"]: row["purchase_days"] for row in rhythm} == {"milk": 20, "bread": 20, "tea": 5, "jam": 10}


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "similar", "caviar"],
        ["show", "customer", "nobody"],
        ["show", "due", "--run", "1999"],
        ["runs", "show", "1999"],
        ["runs", "diff", "1999"],
    ],
    ids=" ".join,
)
def test_what_does_not_exist_is_said_with_code_3(ran: Omnix, arguments: list[str]) -> None:
    answer = ran(*arguments)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("error: there is no ")
    assert "hint: " in answer.err


def test_before_anything_was_imported_a_plan_is_shown(omnix: Omnix) -> None:
    plan = rows(omnix("explain", "--format", "csv").out)
    assert {(row["status"], row["why"]) for row in plan} == {("pending", "no purchases yet")}


def test_before_anything_was_imported_the_way_is_shown(omnix: Omnix) -> None:
    answer = omnix("run")
    assert answer.code == 3
    assert answer.err == (
        "error: there are no purchases yet\nhint: Import some with `omnix import purchases FILES...`.\n"
    )
    assert omnix("show", "trending").code == 3


def test_runs_are_listed_shown_compared_and_pruned(ran: Omnix, tmp_path: Path) -> None:
    assert ran("run", "--as-of", "2017-11-20").code == 0
    newest, oldest = rows(ran("runs", "list", "--format", "csv").out)
    assert (newest["as_of"], oldest["as_of"]) == ("2017-11-20", "2017-12-23")
    assert [row["step"] for row in rows(ran("runs", "show", oldest["run_id"], "--format", "csv").out)] == STEPS
    differences = {row["what"]: row for row in rows(ran("runs", "diff", oldest["run_id"], "--format", "csv").out)}
    assert differences["as_of"]["before"] == "2017-12-23"
    assert differences["as_of"]["after"] == "2017-11-20"
    dry = rows(ran("runs", "prune", "--keep", "1", "--dry-run", "--format", "csv").out)
    assert oldest["run_id"] in {row["id"] for row in dry}
    pruned = rows(ran("runs", "prune", "--keep", "1", "--format", "csv").out)
    assert pruned == dry
    assert len(rows(ran("runs", "list", "--format", "csv").out)) == 1
    answer = ran("run", "--as-of", "2017-11-20", "--format", "csv")
    assert {row["status"] for row in rows(answer.out)} == {"reused", "skipped"}


def test_results_are_written_in_every_format(ran: Omnix, tmp_path: Path) -> None:
    table = ran("show", "due", "--limit", "3").out
    assert table.startswith("Due within 7 days\ncustomer id")
    assert len(table.splitlines()) == 5
    for name in ("due.json", "due.csv", "due.parquet", "due.txt"):
        kind = {"txt": "table"}.get(name.split(".")[1], name.split(".")[1])
        answer = ran("show", "due", "--limit", "3", "--format", kind, "--output", name)
        assert (answer.code, answer.out) == (0, "")
    parquet = pl.read_parquet(tmp_path / "due.parquet")
    assert parquet.height == 3
    assert [row["customer_id"] for row in json.loads((tmp_path / "due.json").read_text())] == parquet[
        "customer_id"
    ].to_list()
    assert pl.read_csv(tmp_path / "due.csv")["product_id"].to_list() == parquet["product_id"].to_list()
    assert (tmp_path / "due.txt").read_text() == table


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def checkpoint_of(tmp_path: Path, step: str) -> Path:
    return next((tmp_path / ".omnix" / "checkpoints").glob(f"{step}-*"))


def test_what_is_shown_from_a_damaged_checkpoint_is_refused_and_a_run_mends_it(ran: Omnix, tmp_path: Path) -> None:
    damage(checkpoint_of(tmp_path, "predict") / "predictions-00000.parquet")
    answer = ran("show", "due")
    assert answer.code == 2
    assert "is damaged" in answer.err
    assert ran("run").code == 0
    assert ran("show", "due").code == 0


def test_a_damaged_manifest_is_built_again(ran: Omnix, tmp_path: Path) -> None:
    folder = checkpoint_of(tmp_path, "recommend")
    (folder.parent / "_manifests" / f"{folder.name}.manifest.json").write_text("{")
    answer = ran("run", "--format", "csv")
    assert {row["step"]: row["status"] for row in rows(answer.out)}["recommend"] == "ran"


def test_damaged_imports_are_never_used_and_mended_by_importing_again(ran: Omnix, tmp_path: Path) -> None:
    damage(checkpoint_of(tmp_path, "import-purchases") / "purchases-00000.parquet")
    for command in (["run"], ["explain"], ["run", "--as-of", "2017-10-01"]):
        answer = ran(*command)
        assert answer.code == 2, answer.err
        assert "imports are damaged: purchases from purchases.csv" in answer.err
    again = ran("import", "purchases", "purchases.csv")
    assert again.code == 0
    assert "0 already known" in again.err
    assert ran("run").code == 0


def test_an_unreadable_run_record_is_left_out(ran: Omnix, tmp_path: Path) -> None:
    (tmp_path / ".omnix" / "runs" / "20990101T000000-000000.json").write_text("{")
    answer = ran("run", "--format", "csv")
    assert answer.code == 0
    assert "cannot be read" in answer.err
    assert ran("runs", "list").code == 0
    assert ran("show", "trending").code == 0


def test_the_profile_is_shown(ran: Omnix, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,age,favorite_categories\nc01,41,Dairy|Bakery\nnew,30,\n")
    assert ran("import", "customers", "customers.csv").code == 0
    assert ran("show", "customer", "c01").out.startswith(
        "Customer c01, age 41, favorite categories ['Dairy', 'Bakery']"
    )
    (profile,) = json.loads(ran("show", "customer", "new", "--profile", "--format", "json").out)
    assert profile["age"] == 30


def test_an_earlier_night_is_shown_by_its_day(ran: Omnix) -> None:
    ran("run", "--as-of", "2017-11-20")
    ran("run")
    past = json.loads(ran("show", "due", "--as-of", "2017-11-20", "--format", "json").out)
    assert past
    assert all(row["next_expected_date"] >= "2017-11-20" for row in past)
    assert ran("show", "due", "--as-of", "2016-01-01").code == 3


def test_reading_needs_no_right_to_write(ran: Omnix, tmp_path: Path) -> None:
    logs = tmp_path / ".omnix" / "logs"
    for file in logs.iterdir():
        file.unlink()
    logs.rmdir()
    logs.write_text("in the way")
    assert ran("show", "trending").code == 0
    assert ran("runs", "list").code == 0


def test_control_characters_do_not_reach_the_terminal(shop: Omnix, tmp_path: Path) -> None:
    products = (tmp_path / "products.csv").read_text().replace("Whole milk", "\x1b[31mmilk")
    (tmp_path / "products.csv").write_text(products)
    assert shop("import", "products", "products.csv").code == 0
    shop("run")
    table = shop("show", "due").out
    assert "milk" in table
    assert "\x1b" not in table
