"""Night after night, a day of purchases each: the lists written, their price, and how far readers' numbers are off.

The clock goes on with the days, so lists are also renewed before they expire. Write units are those of DynamoDB by
calculation, from the sizes of items; dollars are for a million customers who have the lists, and the nights, of the
customers of this shop.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from omnix_cli import open_workspace
from omnix_cli.list_ids import is_shared
from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.steps.capacity import write_units
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.complete_journey import configuration
from tests.published_distance import Distance, distance

ROOT = Path(__file__).parents[2]
FIRST = date(2017, 11, 6)
PRICE = 0.625e-6  # dollars a write unit
CUSTOMERS = 1_000_000
FATES = ("added", "changed", "refreshed", "removed")
LISTS = {"recommend": "recommendations", "shop_lists": "shop_lists"}


@dataclass(frozen=True)
class Night:
    """What one night did. `own` and `shared` are the write units of the lists of customers and of the others."""

    day: date
    customers: int
    lists: int
    figures: Mapping[str, Any]
    own: int
    shared: int
    distance: Distance

    @property
    def written(self) -> int:
        return sum(self.figures[fate] for fate in FATES)

    @property
    def dollars(self) -> float:
        """The price of the night with a million customers."""
        return PRICE * (self.own * CUSTOMERS / self.customers + self.shared)


def nights(folder: Path, first: date, count: int, **opened: Any) -> Iterator[Night]:
    """The night that publishes everything, and so many more."""
    before = pl.DataFrame(schema={"list_id": pl.String, "item_bytes": pl.Int64})
    for number in range(count + 1):
        now = datetime.combine(first + timedelta(days=number), time(9), UTC)
        run = open_workspace(folder, now=partial(_same, now), **opened).run(as_of=f"{now:%Y-%m-%d}").run
        assert run is not None
        publish, *made = (run.step(name) for name in ("publish", *LISTS))
        assert publish is not None
        assert not publish.incomplete, publish.incomplete
        checkpoints = ParquetCheckpoints(DiskShelf(folder / "checkpoints"), now=partial(_same, now))

        def frame(key: str, name: str, checkpoints: ParquetCheckpoints = checkpoints) -> StoredFrame:
            return checkpoints.open(key).frame(name)

        receipts = frame(publish.key, "receipts").scan().collect()
        lists = [frame(step.key, name) for step, name in zip(made, LISTS.values(), strict=True) if step]
        with closing(SqliteStore(folder / "store.sqlite")) as store:
            found = distance(store.scan("recommendations"), lists)
        own, shared = units(before, receipts, now)
        customers = receipts.filter(~is_shared(pl.col("list_id")))["list_id"].str.split("#").list.first().n_unique()
        yield Night(now.date(), customers, receipts.height, publish.figures, own, shared, found)
        before = receipts


def _same(now: datetime) -> datetime:
    return now


def units(before: pl.DataFrame, after: pl.DataFrame, now: datetime) -> tuple[int, int]:
    """The write units of the lists of customers, and of the others: a unit for each KB in the table (the larger item of
    old and new), and for lists of customers for both in the index, too."""
    both = before.select("list_id", old="item_bytes").join(
        after.select("list_id", "published_at", new="item_bytes"), on="list_id", how="full", coalesce=True
    )
    written = both.filter(pl.col("published_at").is_null() | (pl.col("published_at") == now))
    old, new = (write_units(pl.col(name)).fill_null(0) for name in ("old", "new"))
    own = ~is_shared(pl.col("list_id"))
    table = pl.max_horizontal(old, new)
    row = written.select(own=(table + old + new).filter(own).sum(), shared=table.filter(~own).sum()).row(0)
    return int(row[0]), int(row[1])


def main() -> None:
    """Prints a row a night, and what all of them come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=7)
    parser.add_argument("--shops", nargs="+", choices=("sample", "journey"), default=("sample", "journey"))
    parser.add_argument("--households", type=int, help="Of the journey, only the first so many households.")
    parser.add_argument("--set", nargs="*", default=(), metavar="NAME=VALUE", help="Settings.")
    options = parser.parse_args()
    settings = dict(text.split("=", 1) for text in options.set)
    for shop in options.shops:
        with tempfile.TemporaryDirectory() as folder:
            config = ROOT / "configs" / "sample.toml"
            if shop == "journey":
                config = Path(folder) / "omnix.toml"
                config.write_text(configuration(Path(folder), options.households))
            print(f"{shop}: lists, changed, refreshed, drifted, written; write units; off by", flush=True)
            open_workspace(Path(folder) / "workspace", config=config).imports.sources()  # no row is of the future
            found = []
            for night in nights(Path(folder) / "workspace", FIRST, options.nights, config=config, settings=settings):
                found.append(night)
                print(row(night), flush=True)
            later = found[1:]
            written, used = sum(night.written for night in later), sum(night.own + night.shared for night in later)
            print(
                f"{len(later)} nights: {written:,} of {sum(night.lists for night in later):,} lists written, {used:,} "
                f"units, {used / sum(night.lists for night in later):.3f} a list and night; with a million customers "
                f"${sum(night.dollars for night in later) / len(later):,.2f} a night\n"
            )


def row(night: Night) -> str:
    """The figures of a night."""
    count = night.figures
    return (
        f"{night.day} {night.lists:>8,} {count['changed']:>8,} {count['refreshed']:>8,} {count.get('drifted', 0):>8,} "
        f"{night.written:>8,} {night.own:>9,} + {night.shared:>8,} units  ${night.dollars:>7.2f}  "
        f"{night.distance.share:.4f}, {night.distance.days:g} days, {night.distance.differ} differ"
    )


if __name__ == "__main__":
    main()
