"""The reasons of a run on a slice of the sample: all true; and false ones are found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.cli import main
from omnix_cli.errors import DataError, PartialError
from omnix_cli.services.lookups.reason_checks import check_reasons
from omnix_cli.services.lookups.run_frames import RunFrames

ROOT = Path(__file__).parent.parent.parent
HOUSEHOLDS = 20
TOLD = ("predictions", "recommendations", "shop_lists")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after a run: 20 households of the sample with some tastes, carts and wishes, and configuration."""
    folder = tmp_path_factory.mktemp("told")
    lines = pl.read_csv(ROOT / "sample_data" / "purchases.csv.gz", infer_schema=False)
    households = lines["household_id"].unique().sort().head(HOUSEHOLDS)
    lines = lines.filter(pl.col("household_id").is_in(households.to_list()))
    lines.write_csv(folder / "purchases.csv")
    products = pl.read_csv(ROOT / "sample_data" / "products.csv.gz", infer_schema=False)
    products = products.join(lines, on="product_id", how="semi")
    products.write_csv(folder / "products.csv")
    category = (
        lines.join(products, on="product_id").group_by("product_category").len().sort("len")["product_category"][-1]
    )
    tastes = {"customer_id": households, "favorite_categories": [category] * HOUSEHOLDS}
    pl.DataFrame(tastes).write_csv(folder / "customers.csv")
    popular = lines.group_by("product_id").len().sort("len", "product_id")["product_id"].tail(60)
    kinds = (("view", "05"), ("wishlist", 20), ("add_to_cart", 31))
    signals = [
        {"customerId": customer, "productId": product, "interactionType": kind, "timestamp": f"2017-12-{day}T12:00:00Z"}
        for number, customer in enumerate(households)
        for product, (kind, day) in zip(popular.gather_every(7, number % 7), kinds, strict=False)
    ]
    pl.DataFrame(signals).write_csv(folder / "interactions.csv")
    mapping = 'mapping = "complete-journey"\n'
    (folder / "omnix.toml").write_text(
        f'workspace = "{folder}/ws"\n[imports]\ntimezone = "America/New_York"\n[shop_lists]\ncomplement_count = 3\n'
        + "".join(
            f'[[imports.sources]]\nkind = "{kind}"\nfiles = ["{folder}/{kind}.csv"]\n'
            + (mapping if kind in ("products", "purchases") else "")
            for kind in ("products", "purchases", "customers", "interactions")
        )
    )
    open_workspace(config=folder / "omnix.toml").run()
    return folder


@pytest.fixture
def workspace(shop: Path) -> Workspace:
    return open_workspace(config=shop / "omnix.toml")


def frames_of(workspace: Workspace) -> RunFrames:
    return workspace.opening.results().results("latest").frames


def unchanged(reason: pl.Expr) -> pl.Expr:
    return reason


@dataclass(frozen=True)
class Tampered(RunFrames):
    """The frames of a run whose reasons were changed."""

    change: Callable[[pl.Expr], pl.Expr] = unchanged

    def scan(self, name: str, *columns: str) -> pl.LazyFrame:
        rows = super().scan(name, *columns)
        if name not in TOLD or (columns and "reason" not in columns):
            return rows
        return rows.with_columns(self.change(pl.col("reason")))


def tampered(workspace: Workspace, change: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    frames = frames_of(workspace)
    with pytest.raises(PartialError, match="not true") as caught:
        check_reasons(Tampered(frames.records, frames.checkpoints, frames.source, change=change), limit=2)
    return caught.value.report.kinds


def test_every_reason_of_a_run_is_true(workspace: Workspace) -> None:
    report = workspace.check_reasons()
    assert report.wrong == report.unread == 0
    kinds = dict(report.kinds.select("kind", "checked").iter_rows())
    assert "unknown" not in kinds
    expected = {"own", "together", "same", "popular", "bought", "favourite", "cart", "wish"}
    assert expected <= {kind.split("_")[0] for kind in kinds}
    assert sum(kinds.values()) > 10_000


def test_a_wrong_number_is_found_in_every_sentence_that_has_one(workspace: Workspace) -> None:
    def one_more(reason: str) -> str:
        counts, days = r"(?<![\w.])(\d+)(?=\+? (?:days?|customers?)\b)", r"(?<=on )(\d+)(?= [A-Z][a-z]+ \d{4}\b)"
        return re.sub(f"{counts}|{days}", lambda found: str(int(found[0]) + (1 if int(found[0]) != 31 else -1)), reason)

    kinds = tampered(workspace, lambda reason: reason.map_elements(one_more, return_dtype=pl.String))
    counting = kinds.filter(pl.col("kind").str.contains("^(own|uneven|bought|popular)_|^together$"))
    assert counting.height > 4
    assert counting["right"].sum() == 0
    assert all(0 < len(examples) <= 2 for examples in counting["examples"])
    linked = kinds.filter(kind="together_with").row(0, named=True)
    assert linked["wrong"] > linked["right"]  # a name may fit another product


def test_a_wrong_category_or_brand_is_found(workspace: Workspace) -> None:
    kinds = tampered(workspace, lambda reason: reason.str.replace("same category: ", "same category: NOT "))
    row = kinds.filter(kind="same_category").row(0, named=True)
    assert (row["right"], row["wrong"]) == (0, row["checked"])


def test_a_sentence_that_omnix_does_not_write_is_found(workspace: Workspace) -> None:
    kinds = tampered(workspace, lambda reason: reason.str.replace("you buy this", "they buy this"))
    row = kinds.row(0, named=True)
    assert row["kind"] == "unknown"
    assert row["wrong"] == row["checked"] > 0
    assert "no sentence of omnix" in row["examples"][0]


def test_the_command_shows_the_counts_and_ends_with_0(shop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "reasons", "--config", str(shop / "omnix.toml"), "--format", "json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert {"kind", "checked", "right", "wrong", "examples"} == rows[0].keys()


def explained(shop: Path, capfd: pytest.CaptureFixture[str], *subject: str) -> dict[str, Any]:
    assert main(["explain", *subject, "--config", str(shop / "omnix.toml"), "--format", "json"]) == 0
    return json.loads(capfd.readouterr().out)[0]


def test_a_product_bought_before_is_explained(
    shop: Path, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    known = workspace.frame("popularity").filter(kind="popular").select("product_id")
    lists = workspace.frame("recommendations").filter(kind="replenishment").join(known, on="product_id", how="semi")
    row = lists.row(0, named=True)
    why = explained(shop, capfd, row["customer_id"], row["product_id"])
    told = why["lists"][row["list_id"]]
    assert (told["rank"], told["reason"]) == (row["rank"], row["reason"])
    assert why["date"]["state"] == row["urgency"]
    parts = ("share of shopping days", "repeat share of the product")  # 20 households are too few for a ranker
    assert why["score"][parts[0]] * why["score"][parts[1]] == pytest.approx(why["score"]["score"])
    assert why["date"]["predicted_date"] == str(row["predicted_date"])
    assert any(str(number) in why["date"]["rule of the state"] for number in range(1, 100))
    days = why["evidence"]["bought on"]
    assert len(days) == len(why["evidence"]["gaps in days"]) + 1
    cycles = workspace.frame("cycles").filter(customer_id=row["customer_id"], product_id=row["product_id"])
    assert (len(days), days[-1]) == (cycles["purchase_days"].item(), str(cycles["last_day"].item()))


def test_a_new_product_is_explained_by_what_it_is_bought_with(
    shop: Path, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    new = (
        workspace.frame("recommendations")
        .filter(pl.col("reason").str.starts_with("bought together with"))
        .row(0, named=True)
    )
    why = explained(shop, capfd, new["customer_id"], new["product_id"])
    assert why["evidence"]["bought on"] == []
    assert any("bought together by" in str(value) for value in why["evidence"].values())


def test_what_is_not_shown_says_why_and_where_the_cut_is(
    shop: Path, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    homepage = workspace.frame("recommendations").filter(kind="personal")
    customer = homepage["customer_id"][0]
    theirs = homepage.filter(customer_id=customer)
    rare = workspace.frame("popularity").filter(kind="popular").sort("customers", "product_id")["product_id"]
    bought = workspace.frame("cycles").filter(customer_id=customer)["product_id"]
    never = next(product for product in workspace.frame("products")["product_id"] if product not in {*bought, *rare})
    why = explained(shop, capfd, customer, never)
    assert why["lists"] == {"shown": "in no list of this customer"}
    assert any("min_support" in rule for rule in why["rules"].values())
    assert why["cut"]["last one shown on the homepage"]["rank"] == theirs["rank"].max()


def test_a_customer_is_explained_list_by_list(
    shop: Path, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    lists = workspace.frame("recommendations")
    customer = lists["customer_id"][0]
    why = explained(shop, capfd, customer)
    for list_id, rows in lists.filter(customer_id=customer).group_by("list_id"):
        assert len(why[str(list_id[0])]) == rows.height
    assert why["customer"]["products bought"] == workspace.frame("cycles").filter(customer_id=customer).height


@pytest.mark.parametrize("subject", [("nobody",), ("nobody", "1082185")])
def test_an_unknown_customer_or_product_is_refused(shop: Path, subject: tuple[str, ...]) -> None:
    assert main(["explain", *subject, "--config", str(shop / "omnix.toml")]) == 3


def test_an_unknown_product_is_refused(shop: Path, workspace: Workspace) -> None:
    customer = workspace.frame("recommendations")["customer_id"][0]
    assert main(["explain", customer, "caviar", "--config", str(shop / "omnix.toml")]) == 3


def test_reasons_are_not_checked_against_other_purchases(shop: Path, workspace: Workspace, tmp_path: Path) -> None:
    """Rows that came after the run would make right reasons wrong. Runs last: it changes the shop."""
    more = pl.read_csv(shop / "purchases.csv", infer_schema=False).head(1).with_columns(basket_id=pl.lit("99999"))
    more.write_csv(tmp_path / "more.csv")
    workspace.imports.files("purchases", [str(tmp_path / "more.csv")], mapping="complete-journey")
    with pytest.raises(DataError, match="the purchases changed since run"):
        workspace.check_reasons()
