"""Small shops in files, and what a run makes of them with the settings that a shop begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.records import RunRecord

PURCHASES = "customer_id,product_id,order_id,purchased_at,quantity,total_price"
FIRST = date(2023, 1, 2)
Line = str


def line(customer: str, product: str, day: date, *, quantity: float = 1, price: str = "2.50") -> Line:
    at = datetime(day.year, day.month, day.day, 10)
    total = f"{float(price) * quantity:.2f}"
    return f"{customer},{product},{customer}-{day},{at:%Y-%m-%dT%H:%M:%S},{quantity:g},{total}"


def grocer(*, weeks: int = 30, customers: int = 24) -> list[Line]:
    """Two kinds of customers, with products of their own: one buys bread weekly, and in turn three of six others; the
    other buys in turn three of five, two a week."""
    lines = []
    for number in range(customers):
        for week in range(weeks):
            day = FIRST + timedelta(days=7 * week + number % 6)
            turn = number // 2 + week % 3
            wanted = (
                ["bread", f"p{turn % 6:02}"]
                if number % 2 == 0
                else [f"p{6 + (turn + n) % 5:02}" for n in (0, week % 2)]
            )
            lines += [line(f"c{number:02}", product, day) for product in dict.fromkeys(wanted)]
    return lines


LAST = FIRST + timedelta(days=7 * 29 + 5)
"""The last day of `grocer`."""
GOODS = ("bread", *(f"p{number:02}" for number in range(11)))


_WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch"]


def catalogue(*ids: str, **columns: Any) -> list[dict[str, Any]]:
    """Products with these ids (all of the grocer's, if none is given); a column may be given for each id."""
    rows = []
    for number, one in enumerate(ids or GOODS):
        of_this = {name: value.get(one) if isinstance(value, Mapping) else value for name, value in columns.items()}
        words = (
            "amber",
            "birch",
            "cedar",
            "delta",
            "ember",
            "fjord",
            "grove",
            "heath",
            "inlet",
            "jetty",
            "knoll",
            "larch",
        )
        rows.append(
            {"product_id": one, "name": f"{words[number % 12]} {one}", "category": f"aisle {number % 4}"} | of_this
        )
    return rows


def shop(
    folder: Path,
    lines: Iterable[Line],
    *,
    products: Iterable[Mapping[str, Any]] = (),
    customers: Iterable[Mapping[str, Any]] = (),
    mapping: str | None = None,
    **settings: Any,
) -> Workspace:
    """A workspace with these imports; `settings` with two underscores for the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {name.replace("__", "."): value for name, value in settings.items()}
    workspace = open_workspace(folder / "workspace", settings={"as_of": "latest"} | chosen)
    (folder / "purchases.csv").write_text("\n".join([PURCHASES, *lines]) + "\n")
    workspace.imports.files("purchases", str(folder / "purchases.csv"), mapping=mapping)
    for kind, rows in (("products", list(products)), ("customers", list(customers))):
        if rows:
            pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / f"{kind}.csv")
            workspace.imports.files(kind, str(folder / f"{kind}.csv"))
    return workspace


def run(workspace: Workspace) -> RunRecord:
    report = workspace.run()
    assert report.run is not None
    assert report.run.exit_code == 0
    return report.run


def figures(record: RunRecord, step: str) -> dict[str, Any]:
    done = record.step(step)
    assert done is not None
    return done.figures


def shown(workspace: Workspace) -> dict[str, set[str]]:
    """The products that each kind of output names."""
    lists = workspace.frame("recommendations")
    shared = workspace.frame("shop_lists")
    kinds = {str(kind): set(rows["product_id"]) for (kind,), rows in pl.concat([lists, shared]).group_by("kind")}
    sources = {list_id.removeprefix("similar#") for list_id in shared["list_id"] if list_id.startswith("similar#")}
    similar = {one for source in GOODS for one in workspace.similar(source, limit=50)["neighbour_id"]}
    due = set(workspace.due(days=365, limit=10_000)["product_id"])
    return kinds | {"similar to": sources, "show similar": similar, "show due": due}


def named_in_reasons(workspace: Workspace, text: str) -> bool:
    frames = (workspace.frame("recommendations"), workspace.frame("shop_lists"))
    return any(frame["reason"].str.contains(text, literal=True).any() for frame in frames)
