"""What a shopkeeper takes for granted of what is offered: stock, catalogue, exclusions, what is no product."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import ConfigError
from tests.integration.small_shops import (
    FIRST,
    GOODS,
    LAST,
    catalogue,
    figures,
    grocer,
    line,
    named_in_reasons,
    run,
    shop,
    shown,
)


def _anywhere(product: str, outputs: dict[str, set[str]]) -> set[str]:
    return {kind for kind, products in outputs.items() if product in products}


@pytest.mark.parametrize("stock", [0, -3])
def test_what_is_out_of_stock_is_offered_nowhere_and_counted(tmp_path: Path, stock: int) -> None:
    products = catalogue(stock=dict.fromkeys(GOODS, 5) | {"p03": stock})
    workspace = shop(tmp_path, grocer(), products=products)
    record = run(workspace)
    assert figures(record, "assortment") == {"out_of_stock": 1}
    assert _anywhere("p03", shown(workspace)) == {"similar to"}  # its page needs what is similar most
    assert "p04" in shown(workspace)["popular"]


def test_what_is_ordered_for_the_customer_is_offered_without_stock(tmp_path: Path) -> None:
    products = catalogue(stock=dict.fromkeys(GOODS, 5) | {"p03": -3, "p04": 0}, tags={"p03": "to order|big"})
    workspace = shop(tmp_path, grocer(), products=products, recommend__offer_out_of_stock=["To Order"])
    assert figures(run(workspace), "assortment") == {"out_of_stock": 1}
    assert "popular" in _anywhere("p03", shown(workspace))
    assert "popular" not in _anywhere("p04", shown(workspace))


def test_with_a_catalogue_only_what_is_in_it_is_offered(tmp_path: Path) -> None:
    workspace = shop(tmp_path, grocer(), products=catalogue(*(one for one in GOODS if one != "p03")))
    record = run(workspace)
    assert figures(record, "assortment") == {"not_in_catalogue": 1}
    assert _anywhere("p03", shown(workspace)) <= {"similar to"}
    assert figures(record, "recommend")["removed_not_in_catalogue"] > 0


def test_what_is_gone_from_a_complete_catalogue_is_offered_no_longer_and_its_history_stays(tmp_path: Path) -> None:
    workspace = shop(tmp_path, grocer(), products=catalogue())
    run(workspace)
    assert "popular" in _anywhere("p03", shown(workspace))
    newest = tmp_path / "newest.csv"
    pl.DataFrame(catalogue(*(one for one in GOODS if one != "p03"))).write_csv(newest)
    workspace.imports.files("products", str(newest), complete=True)
    record = run(workspace)
    assert figures(record, "assortment") == {"withdrawn": 1}
    assert _anywhere("p03", shown(workspace)) <= {"similar to"}
    assert workspace.frame("cycles").filter(product_id="p03").height


def test_what_was_not_sold_lately_is_neither_new_nor_similar(tmp_path: Path) -> None:
    """Hats went with bread until half a year ago, with everybody."""
    hats = [line(f"c{number:02}", "hat", FIRST + timedelta(days=number % 6)) for number in range(0, 24, 2)]
    for products in ([], catalogue(*GOODS, "hat")):
        workspace = shop(tmp_path / str(len(products)), [*grocer(), *hats], products=products)
        run(workspace)
        assert not _anywhere("hat", shown(workspace)) & {"similar", "show similar", "popular", "trending"}
        lists = workspace.frame("recommendations").filter(product_id="hat")
        assert not lists.filter(pl.col("shelf") == "new_for_you").height
        awake = shop(tmp_path / f"{len(products)}w", [*grocer(), *hats], products=products, recommend__recent_days=300)
        run(awake)
        assert "similar" in _anywhere("hat", shown(awake))


@pytest.mark.parametrize(
    "settings",
    [
        {"recommend__excluded_products": "BREAD"},
        {"recommend__excluded_names": "Special*"},
        {"recommend__excluded_tags": "adult"},
        {"recommend__excluded_brands": "ACME"},
        {"recommend__excluded_categories": "tobacco"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_what_is_excluded_is_nowhere(tmp_path: Path, settings: dict[str, str]) -> None:
    """Not in a list, not in a reason, not among what is similar or due."""
    own = {"name": "Special cigars", "tags": "adult|strong", "brand": "Acme", "category": "Tobacco"}
    plain = catalogue(brand="Farm", tags="")
    products = [row | own if row["product_id"] == "bread" else row for row in plain]
    free = shop(tmp_path / "free", grocer(), products=products)
    run(free)
    assert _anywhere("bread", shown(free)) >= {"popular", "personal", "similar", "show due", "show similar"}
    assert named_in_reasons(free, "Special cigars")
    workspace = shop(tmp_path / "excluded", grocer(), products=products, **settings)
    record = run(workspace)
    assert _anywhere("bread", shown(workspace)) == set()
    assert not named_in_reasons(workspace, "Special cigars")
    assert workspace.similar("bread").is_empty()
    (kind,) = figures(record, "assortment")
    assert kind.startswith("excluded_")
    assert workspace.check_data() == ()


def test_an_exclusion_that_matches_nothing_is_told_and_one_that_nearly_matches_stops_the_run(tmp_path: Path) -> None:
    unknown = shop(tmp_path / "a", grocer(), products=catalogue(), recommend__excluded_brands="Nobody*")
    assert [one.code for one in unknown.run().findings] == ["unknown_brand"]
    near = shop(tmp_path / "b", grocer(), products=catalogue(brand="Farmhouse"), recommend__excluded_brands="Farmhose")
    with pytest.raises(ConfigError, match="the brand `farmhose` is excluded"):
        near.run()


POSTAGE = ("POST", "GUTSCHEIN", "BADDEBT", "SAMPLES")


def test_what_is_no_product_is_never_recommended_counted_and_named(tmp_path: Path) -> None:
    extras = [line(f"c{n:02}", POSTAGE[n % 4], LAST - timedelta(days=7 * n % 60)) for n in range(24) for _ in (1, 2)]
    named = catalogue(*GOODS, "x9", name={"x9": "Gift card 25 €"} | {one: f"Fine {one}" for one in GOODS})
    cards = [line(f"c{number:02}", "x9", LAST) for number in range(20)]
    workspace = shop(tmp_path, [*grocer(), *extras, *cards])
    pl.DataFrame(named).write_csv(tmp_path / "named.csv")
    workspace.imports.files("products", str(tmp_path / "named.csv"))
    report = workspace.run()
    assert report.run is not None
    assert figures(report.run, "assortment") == {"not_a_product": 5}
    for one in (*POSTAGE, "x9"):
        assert _anywhere(one, shown(workspace)) == set()
    (finding,) = (one for one in report.findings if one.code == "no_products")
    assert all(f'"{one}"' in finding.text for one in (*POSTAGE, "x9"))
    assert not named_in_reasons(workspace, "Gift card")


def test_a_shop_may_have_rules_of_its_own(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('codes = ["p03"]\n')
    lines = [*grocer(), *(line(f"c{number:02}", "POST", LAST) for number in range(20))]
    workspace = shop(tmp_path / "own", lines, recommend__not_products=str(rules))
    run(workspace)
    outputs = shown(workspace)
    assert _anywhere("p03", outputs) == set()
    assert "popular" in _anywhere("POST", outputs)
    rules.write_text('extends = true\ncodes = ["p03"]\n')
    run(workspace)
    assert _anywhere("p03", shown(workspace)) | _anywhere("POST", shown(workspace)) == set()


def test_a_free_sample_in_each_basket_is_left_out_and_told(tmp_path: Path) -> None:
    lines = grocer()
    samples = [line(f"c{number:02}", "sachet", LAST - timedelta(days=7 * week), price="0.00")
               for number in range(24) for week in range(9)]  # fmt: skip
    workspace = shop(tmp_path / "a", [*lines, *samples])
    report = workspace.run()
    assert "free_products" in [one.code for one in report.findings]
    assert report.run is not None
    assert figures(report.run, "assortment") == {"free": 1}
    assert _anywhere("sachet", shown(workspace)) <= {"similar to"}
    offered = shop(tmp_path / "b", [*lines, *samples], recommend__offer_free=True)
    run(offered)
    assert "popular" in _anywhere("sachet", shown(offered))


def test_without_a_catalogue_everything_may_be_offered(tmp_path: Path) -> None:
    workspace = shop(tmp_path, grocer())
    assert figures(run(workspace), "assortment") == {}
    assert shown(workspace)["popular"] == set(GOODS)
