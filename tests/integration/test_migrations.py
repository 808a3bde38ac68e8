"""Tables moved between SQLite, DynamoDB and Parquet: everything arrives, nothing is lost when it is cut off."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from omnix_cli.cli import main
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.dynamodb.wire import from_wire
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import new_stage, store_maker
from tests.aws.fault_proxy import FaultProxy

TABLE = "purchase-history"
Item = dict[str, Any]
Omnix = Callable[..., str]


def purchase(number: int, **more: Any) -> Item:
    """An item with every type there is."""
    return {
        "id": f"p{number:06d}",
        "customerId": f"c{number % 7}",
        "productId": f"m{number % 5}",
        "purchaseDate": f"2026-01-{number % 28 + 1:02d}T10:00:00.000Z",
        "quantity": number % 3 + 1,
        "totalPrice": Decimal(number % 3 + 1) * Decimal("1.50"),
        "digits": Decimal("1234567890123456789012345678.0123456789"),
        "large": 10**30 + number,
        "picture": bytes([0, 255, number % 256]),
        "tags": {"a", "b"},
        "sizes": {1, Decimal("2.5")},
        "pictures": {b"x", b"y"},
        "none": None,
        "list": [1, "1", {"$set": [True]}, []],
        "map": {"deep": {"er": Decimal("0.10")}, "nothing": None},
        **more,
    }


def by_id(items: Iterator[Item]) -> dict[str, Item]:
    return {item["id"]: item for item in items}


@dataclass(frozen=True)
class Side:
    """A store that a migration goes to, and how the command line names it."""

    open: Callable[[], TableStore]
    place: tuple[str, ...]

    def put(self, items: list[Item]) -> None:
        with closing(self.open()) as store:
            store.create_tables()
            store.put_many(TABLE, items)

    def items(self) -> dict[str, Item]:
        with closing(self.open()) as store:
            return by_id(store.scan(TABLE))

    def to(self) -> list[str]:
        return [part for setting in self.place for part in ("--to", setting)]


@pytest.fixture
def source(tmp_path: Path) -> Side:
    """The store of the settings: SQLite in the workspace."""
    return Side(lambda: SqliteStore(tmp_path / ".omnix" / "store.sqlite"), ())


@pytest.fixture(params=["sqlite", "dynamodb"])
def target(request: pytest.FixtureRequest, tmp_path: Path, aws_environment: None) -> Side:
    if request.param == "sqlite":
        path = tmp_path / "other.sqlite"
        return Side(lambda: SqliteStore(path, stage="prod"), (f"path={path}", "stage=prod"))
    return in_dynamodb(request.getfixturevalue("ministack"))


@pytest.fixture
def dynamodb(ministack: str, aws_environment: None) -> Side:
    return in_dynamodb(ministack)


def in_dynamodb(url: str) -> Side:
    stage = new_stage()
    return Side(store_maker(url, stage=stage), ("kind=dynamodb", f"endpoint_url={url}", f"stage={stage}"))


@pytest.fixture
def omnix(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Omnix:
    """Calls the command line, which must end with that code; gives what it printed, JSON if asked for."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, code: int = 0) -> str:
        ended = main(["tables", *arguments])
        told = capfd.readouterr()
        assert ended == code, told.err
        return told.out if code == 0 else told.out + told.err

    return call


def test_a_copy_keeps_everything_and_can_be_verified(omnix: Omnix, source: Side, target: Side) -> None:
    source.put([purchase(number) for number in range(400)])
    omnix("copy", TABLE, *target.to(), "--create")
    assert target.items() == source.items()
    assert len(target.items()) == 400
    omnix("verify", TABLE, *target.to())


def test_verify_names_every_difference(omnix: Omnix, source: Side, target: Side) -> None:
    source.put([purchase(number) for number in range(300)])
    omnix("copy", TABLE, *target.to(), "--create")
    target.put([purchase(7, tags={"a"}, extra=1), purchase(900), purchase(8, quantity=Decimal("3.0"))])
    with closing(target.open()) as store:
        store.delete_many(TABLE, ["p000020"])
    printed = omnix("verify", TABLE, *target.to(), "--format", "json", code=5)
    assert "3 differences" in printed
    assert orjson.loads(printed.splitlines()[0]) == [
        {"table": TABLE, "key": "p000007", "difference": "different", "attributes": ["extra", "tags"]},
        {"table": TABLE, "key": "p000020", "difference": "missing", "attributes": []},
        {"table": TABLE, "key": "p000900", "difference": "extra", "attributes": []},
    ]


def test_an_undone_copy_leaves_the_target_as_it_was(omnix: Omnix, source: Side, target: Side) -> None:
    source.put([purchase(number) for number in range(250)])
    before = [purchase(3, quantity=99, only_here=b"\0"), purchase(4), purchase(777)]
    target.put(before)
    omnix("copy", TABLE, *target.to())
    assert target.items() == source.items() | {"p000777": purchase(777)}
    omnix("copy", "--undo", "latest")
    assert target.items() == by_id(iter(before))


def test_an_export_comes_back_as_it_was(omnix: Omnix, source: Side, target: Side, tmp_path: Path) -> None:
    source.put([purchase(number) for number in range(300)])
    omnix("export", TABLE, "customer-profiles", "--to", "first")
    omnix("load", "first", *target.to(), "--create")
    assert target.items() == source.items()
    back = [part for setting in target.place for part in ("--from", setting)]
    omnix("export", TABLE, "--to", "second", *back, "--segments", "3")
    omnix("verify", TABLE, "--from", "first/", "--to", "second/")
    columns = ["id", "customerId", "purchaseDate", "productId", "item"]
    first, second = (pl.read_parquet(tmp_path / name / f"{TABLE}-*.parquet").sort("id") for name in ("first", "second"))
    assert first.columns == second.columns == columns
    assert first.drop("item").equals(second.drop("item"))
    # DynamoDB itself drops the zeros at the end of a number; SQLite gives back the very text.
    assert [from_wire(orjson.loads(text)) for text in second["item"]] == list(source.items().values())
    if "kind=dynamodb" not in target.place:
        assert first.equals(second)


def test_a_dry_run_counts_and_writes_nothing(omnix: Omnix, source: Side, target: Side, tmp_path: Path) -> None:
    source.put([purchase(number) for number in range(30)])
    before = [purchase(1), purchase(2, quantity=50)]
    target.put(before)
    printed = omnix("copy", TABLE, *target.to(), "--dry-run", "--format", "json")
    (row,) = orjson.loads(printed)
    assert (row["read"], row["added"], row["changed"], row["unchanged"]) == (30, 28, 1, 1)
    assert row["write_units"] == 29 * 3  # an item of less than 1 KB, in the table and two indexes
    assert target.items() == by_id(iter(before))
    assert not (tmp_path / ".omnix" / "migrations").exists()


def test_a_mapping_changes_items_on_their_way(omnix: Omnix, source: Side, target: Side, tmp_path: Path) -> None:
    source.put([{"id": "1", "client": "ann", "debug": 1, "price": Decimal("1.10")}, {"id": "2"}])
    target.put([purchase(5)])
    (tmp_path / "rules.toml").write_text(
        '[purchase-history]\nkey_prefix = "old-"\nrename = { client = "customerId" }\ndrop = ["debug"]\n'
        "set = { factor = 0.10 }\n"
    )
    omnix("copy", TABLE, *target.to(), "--mapping", "rules.toml")
    assert target.items() == {
        "p000005": purchase(5),
        "old-1": {"id": "old-1", "customerId": "ann", "price": Decimal("1.10"), "factor": Decimal("0.10")},
        "old-2": {"id": "old-2", "factor": Decimal("0.10")},
    }
    omnix("verify", TABLE, *target.to(), "--mapping", "rules.toml")


def test_a_table_is_not_copied_to_itself(omnix: Omnix, source: Side) -> None:
    source.put([purchase(1)])
    assert "copied to itself" in omnix("copy", TABLE, code=2)


def test_a_damaged_export_is_not_loaded(omnix: Omnix, source: Side, tmp_path: Path) -> None:
    source.put([purchase(number) for number in range(10)])
    omnix("export", TABLE, "--to", "backup")
    (part,) = (tmp_path / "backup").glob("*.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert "differs from its checksum" in omnix("load", "backup", "--to", "stage=other", "--create", code=3)


def images(folder: Path) -> int:
    return len(list(folder.glob(".omnix/migrations/*/images/[!.]*")))


@contextmanager
def copy_started(folder: Path, arguments: list[str], *, chunks: int = 1) -> Iterator[subprocess.Popen[str]]:
    """A copy with small chunks in a process of its own, which writes its so-manieth chunk."""
    program = (
        "import sys; from omnix_cli.wiring import migrations; migrations._CHUNK_ITEMS = 25;"
        "from omnix_cli.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    awaited = images(folder) + chunks
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while images(folder) < awaited and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        yield process


def test_a_killed_copy_goes_on_and_can_still_be_undone(
    omnix: Omnix, source: Side, target: Side, tmp_path: Path
) -> None:
    moments = random.Random(20260302)
    source.put([purchase(number) for number in range(1_000)])
    before = [purchase(number, quantity=77) for number in range(0, 1_000, 5)] + [purchase(9_999)]
    target.put(before)
    arguments = ["tables", "copy", TABLE, *target.to(), "--quiet"]
    for _ in range(2):
        with copy_started(tmp_path, arguments, chunks=moments.randint(1, 8)) as process:
            time.sleep(moments.random() / 50)
            process.kill()
        assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"
    row = orjson.loads(omnix("copy", TABLE, *target.to(), "--format", "json"))[0]
    assert (row["read"], row["added"], row["changed"], row["unchanged"]) == (1_000, 800, 200, 0)
    assert len(list((tmp_path / ".omnix" / "migrations").glob("*/run.json"))) == 1
    assert target.items() == source.items() | {"p009999": purchase(9_999)}
    assert "0 missing, 1 extra, 0 different" in omnix("verify", TABLE, *target.to(), code=5)
    omnix("copy", "--undo", "latest")
    assert target.items() == by_id(iter(before))


def test_imported_purchases_are_written_with_their_dates(omnix: Omnix, target: Side, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        "purchase_id,customer_id,product_id,purchased_at,quantity,total_price,kind\n"
        "1,ann,milk,2017-05-01T10:00:00Z,2,2.50,purchase\n"
        "2,ann,tea,2017-05-02T10:00:00Z,1,3.9,purchase\n"
        "3,bob,tea,2017-05-03T10:00:00Z,1,3.90,cancelled\n"
    )
    assert main(["import", "purchases", "sales.csv", "--quiet"]) == 0
    row = orjson.loads(omnix("backfill", *target.to(), "--create", "--format", "json").splitlines()[-1])[0]
    assert (row["added"], row["unchanged"]) == (2, 0)
    assert target.items()["1"] == {
        "id": "1",
        "customerId": "ann",
        "productId": "milk",
        "purchaseDate": "2017-05-01T10:00:00.000Z",
        "quantity": 2,
        "unitPrice": Decimal("1.25"),
        "totalPrice": Decimal("2.50"),
        "promotionUsed": False,
    }
    assert target.items().keys() == {"1", "2"}
    row = orjson.loads(omnix("backfill", *target.to(), "--dry-run", "--format", "json"))[0]
    assert (row["added"], row["changed"], row["unchanged"]) == (0, 0, 2)


def test_a_copy_that_is_asked_to_stop_stops_and_goes_on(omnix: Omnix, source: Side, tmp_path: Path) -> None:
    source.put([purchase(number) for number in range(1_500)])
    place = ["--to", "stage=other", "--create"]
    with copy_started(tmp_path, ["tables", "copy", TABLE, *place]) as process:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "goes on where it stopped" in told
    row = orjson.loads(omnix("copy", TABLE, *place, "--format", "json"))[0]
    assert (row["read"], row["added"]) == (1_500, 1_500)
    assert len(list((tmp_path / ".omnix" / "migrations").glob("*/run.json"))) == 1


def test_what_dynamodb_refuses_is_named_and_the_rest_arrives(omnix: Omnix, source: Side, dynamodb: Side) -> None:
    source.put([purchase(1), purchase(2, review="x" * 410_000), purchase(3)])  # items have up to 400 KB
    printed = omnix("copy", TABLE, *dynamodb.to(), "--create", code=5)
    assert "1 items were refused: p000002" in printed
    assert dynamodb.items().keys() == {"p000001", "p000003"}


def test_a_copy_keeps_to_the_write_units_it_may_use(omnix: Omnix, source: Side, dynamodb: Side) -> None:
    source.put([purchase(number) for number in range(200)])
    began = time.monotonic()
    omnix("copy", TABLE, *dynamodb.to(), "--create", "--max-write-units", "200")
    # 600 units: an item of less than 1 KB in the table and two indexes. Those of one second may have been saved up,
    # and the last batch (of 25 items) is sent without waiting for what it uses.
    assert time.monotonic() - began >= (600 - 200 - 75) / 200
    assert len(dynamodb.items()) == 200


def test_a_copy_keeps_to_its_share_of_what_the_table_bears(
    omnix: Omnix, source: Side, dynamodb: Side, capfd: pytest.CaptureFixture[str]
) -> None:
    source.put([purchase(number) for number in range(200)])
    dynamodb.put([])
    share = ("--write-share", "0.005")
    said = "purchase-history: at most 200 write units a second (0.5 % of the default quota of the table, 40,000)"
    assert main(["tables", "copy", TABLE, *dynamodb.to(), *share, "--dry-run"]) == 0
    assert said in " ".join(capfd.readouterr().err.split())
    began = time.monotonic()
    omnix("copy", TABLE, *dynamodb.to(), *share)
    assert time.monotonic() - began >= (600 - 200 - 75) / 200
    assert len(dynamodb.items()) == 200


def test_nothing_is_lost_on_the_way_to_a_service_in_trouble(omnix: Omnix, source: Side, dynamodb: Side) -> None:
    source.put([purchase(number) for number in range(400)])
    before = [purchase(number, quantity=77) for number in range(0, 400, 10)] + [purchase(900)]
    dynamodb.put(before)
    url = next(setting for setting in dynamodb.place if setting.startswith("endpoint_url=")).partition("=")[2]
    with FaultProxy(url, seed=3) as proxy:
        through = [text.replace(url, proxy.url) for text in dynamodb.to()]
        omnix("copy", TABLE, *through)
        assert dynamodb.items() == source.items() | {"p000900": purchase(900)}
        assert "0 missing, 1 extra, 0 different" in omnix("verify", TABLE, *through, code=5)
        omnix("copy", "--undo", "latest")
        assert dynamodb.items() == by_id(iter(before))
    assert proxy.counts["requests"] > 20
    assert proxy.counts.keys() > {"throttled", "unprocessed"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("copy", "purchase-histroy"), "Did you mean `purchase-history`?"),
        (("copy",), "no table is named"),
        (("copy", TABLE, "--to", "other"), "Write it as NAME=VALUE"),
        (("copy", TABLE, "--to", "region"), "Write it as NAME=VALUE"),
        (("copy", TABLE, "--to", "stge=x"), "Did you mean `stage`?"),
        (("copy", TABLE, "--mapping", "none.toml"), "Check its path"),
        (("export", TABLE, "--from", "stage=none", "--to", "backup"), "no such table: omnix-ai-purchase-history-none"),
        (("export", TABLE, "--from", "path=none.sqlite", "--to", "backup"), "the store none.sqlite does not exist"),
    ],
)
def test_what_cannot_be_done_is_told(
    omnix: Omnix, source: Side, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    source.put([purchase(1)])
    to_another = ("--to", "path=other.sqlite", "--create") if arguments[0] == "copy" else ()
    assert told in omnix(*arguments, *to_another, code=2)
    assert not (tmp_path / "backup").exists()  # nothing is in the way of doing it right


def test_a_catalogue_that_is_not_ours_is_told(omnix: Omnix, source: Side, dynamodb: Side) -> None:
    source.put([])
    assert "store.tables.own_products" in omnix("copy", "products", *dynamodb.to(), "--create", code=2)


def test_a_table_that_is_named_twice_is_copied_once(omnix: Omnix, source: Side) -> None:
    source.put([purchase(number) for number in range(10)])
    (row,) = orjson.loads(omnix("copy", TABLE, TABLE, "--to", "stage=other", "--create", "--format", "json"))
    assert row["read"] == 10


def test_what_was_undone_is_not_undone_again(omnix: Omnix, source: Side) -> None:
    source.put([purchase(number) for number in range(10)])
    omnix("copy", TABLE, "--to", "stage=other", "--create")
    for settled in (10, 0):
        assert orjson.loads(omnix("copy", "--undo", "latest", "--format", "json")) == [
            {"table": TABLE, "items": settled}
        ]
