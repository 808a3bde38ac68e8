"""Forgetting a customer, as a shop does it: nothing is left, nothing brings it back, and everything goes on."""

from __future__ import annotations

import hmac
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli import open_workspace
from omnix_cli.api.privacy import Privacy
from omnix_cli.api.workspace import Workspace
from omnix_cli.errors import LockedError, PartialError
from omnix_cli.services.customers.order_states import OrderEvent
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.wiring.places import Places
from tests.left_behind import naming
from tests.questions import question, reply

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)
ZOE, OTHER = "zoe-4711", "zoe-471"
SECRET = "0123456789abcdef0123456789abcdef"
RHYTHMS = {"milk": 7, "bread": 7, "tea": 14}


def write_shop(folder: Path) -> None:
    people = [*(f"c{number:02}" for number in range(6)), ZOE, OTHER]
    lines = ["customer_id,product_id,order_id,purchased_at,quantity,total_price,review"]
    for number, customer in enumerate(people):
        for week in range(16):
            day = datetime(2017, 9, 4) + timedelta(days=7 * week + number % 5)
            for product, days in RHYTHMS.items():
                if week * 7 % days == 0:
                    lines.append(f"{customer},{product},{customer}-{day:%Y%m%d},{day:%Y-%m-%d}T10:00:00Z,1,2.50,")
    lines.append(f"{ZOE},milk,late,2017-12-30T10:00:00Z,1,2.50,as {ZOE} said")
    lines.append(f"{ZOE},milk,bad,2017-12-30T10:00:00Z,much,2.50,")
    lines.append(f"{OTHER},milk,bad,2017-12-30T10:00:00Z,much,2.50,")
    (folder / "purchases.csv").write_text("\n".join(lines) + "\n")
    profiles = [f"{customer},30,true,true" for customer in people]
    header = "customer_id,age,consent_personalisation,consent_ai_analysis"
    (folder / "customers.csv").write_text("\n".join([header, *profiles]) + "\n")
    (folder / "interactions.csv").write_text(
        "customer_id,product_id,interaction_type,timestamp\n"
        f"{ZOE},milk,view,2017-12-30T09:00:00Z\nc01,milk,view,2017-12-30T09:00:00Z\n"
    )
    (folder / "products.csv").write_text(
        "product_id,name,category,price\nmilk,Milk,Dairy,1.10\nbread,Bread,Bakery,2.50\ntea,Tea,Drinks,3.90\n"
    )


def opened(folder: Path, hours: int = 0, **settings: Any) -> Workspace:
    """The workspace so many hours after `NOW`: copies of tables are named by their time."""
    given = {"bedrock.pseudonym_secret": SECRET, "imports.max_bad": 0.5, **settings}
    return open_workspace(folder / "w", settings=given, now=lambda: NOW + timedelta(hours=hours))


def import_all(workspace: Workspace, folder: Path) -> None:
    for kind in ("products", "customers", "interactions", "purchases"):
        workspace.imports.files(kind, str(folder / f"{kind}.csv"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with everything that may keep something about a customer."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    workspace = opened(folder)
    import_all(workspace, folder)
    corrected = (folder / "customers.csv").read_text().replace(f"{ZOE},30", f"{ZOE},31")
    (folder / "later.csv").write_text(corrected)
    workspace.imports.files("customers", str(folder / "later.csv"))
    workspace.run()
    with workspace.customers() as customers:
        customers.register({"customerId": ZOE, "demographics": {"age": 40}})
        customers.register({"customerId": OTHER})
        customers.change_preferences(ZOE, {"favoriteCategories": ["Dairy"]})
        customers.record_interaction(ZOE, {"productId": "milk", "interactionType": "view"})
        line = {"productId": "milk", "unitPrice": 1, "purchaseDate": "2018-01-01T10:00:00Z"}
        customers.add_purchases(ZOE, [line])
        customers.add_purchases(OTHER, [line])
    workspace.tables.copy(["customer-profiles", "recommendations"], target="stage=two", create=True)
    with SqliteAnswers(folder / "w" / "answers.sqlite", now=lambda: NOW) as answers:
        for people in ((ZOE, "c01"), (OTHER,)):
            asked = question(*people)
            answers.keep(reply(asked, text=f"about {people[0]}"), asked)
    (folder / "w" / "logs").mkdir(exist_ok=True)
    event = {"time": "t", "level": "info", "message": f"a row of {ZOE} is odd", "customer": ZOE}
    (folder / "w" / "logs" / "omnix.log").write_text(json.dumps(event) + "\n" + '{"message": "12 rows"}\n')
    return folder


@pytest.fixture
def shop(template: Path, tmp_path: Path) -> Path:
    from shutil import copytree

    copytree(template, tmp_path / "shop")
    return tmp_path / "shop"


def test_everywhere_is_the_customer_before(shop: Path) -> None:
    named = naming(shop / "w", ZOE)
    for place in ("purchases", "customers", "interactions", "quarantine", "superseded", "cycles", "predictions"):
        assert any(f"/{place}-" in name for name in named), (place, named)
    for place in ("recommendations", "receipts", "rankings"):
        assert any(f"/{place}-" in name for name in named), (place, named)
    assert {"answers.sqlite", "logs/omnix.log", "store.sqlite"} <= {name.removesuffix("-wal") for name in named}
    assert any(name.startswith("migrations/") and name.endswith(".json") for name in named)
    assert any(name.startswith("migrations/") and name.endswith(".parquet") for name in named)


def test_purged_is_in_no_byte(shop: Path) -> None:
    receipt = opened(shop).privacy.forget(ZOE, purge=True)
    assert naming(shop / "w", ZOE) == []
    assert (receipt.purged, receipt.remaining) == (True, ())
    assert all(receipt.erased[place] for place in ("store", "answers", "checkpoints", "migrations", "records", "logs"))
    assert receipt.searched_files > 30


def test_a_customer_whose_id_begins_alike_keeps_everything(shop: Path) -> None:
    before = opened(shop).privacy.export(OTHER)
    opened(shop).privacy.forget(ZOE, purge=True)
    after = opened(shop).privacy.export(OTHER)
    assert before["kept"] == after["kept"]
    assert len(before["kept"]["store"]) > 3 and len(before["kept"]["checkpoints"]) > 30


def test_it_stays_away_when_the_old_file_is_imported_again(shop: Path) -> None:
    workspace = opened(shop)
    workspace.privacy.forget(ZOE, purge=True)
    for kind in ("purchases", "customers", "interactions"):
        text = (shop / f"{kind}.csv").read_text()
        (shop / f"{kind}-again.csv").write_text(text + "\n")
        opened(shop).imports.files(kind, str(shop / f"{kind}-again.csv"))
    opened(shop).run()
    assert naming(shop / "w", ZOE) == []


def test_rows_that_are_bad_do_not_bring_it_back(shop: Path) -> None:
    opened(shop).privacy.forget(ZOE, purge=True)
    (shop / "bad.csv").write_text(
        "customer_id,product_id,purchased_at,quantity\n"
        f"{ZOE},milk,2017-12-30,much\n'{ZOE},milk,2017-12-30,1\nc01,milk,2017-12-30,much\n{ZOE},milk\n"
        f"'{ZOE},milk,2017-12-30,much\n"
    )
    report = opened(shop, **{"imports.max_bad": 1}).imports.files("purchases", str(shop / "bad.csv"))
    assert naming(shop / "w", ZOE) == []
    assert (report.quarantined, report.accepted) == (1, 0)


def test_runs_go_on_as_if_the_customer_had_never_been(shop: Path, tmp_path: Path) -> None:
    opened(shop).privacy.forget(ZOE, purge=True)
    opened(shop).run()
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    for kind in ("products", "customers", "interactions", "purchases"):
        lines = (shop / f"{kind}.csv").read_text().splitlines()
        (fresh / f"{kind}.csv").write_text("\n".join(line for line in lines if ZOE not in line) + "\n")
    import_all(opened(fresh), fresh)
    opened(fresh).run()
    for frame in ("purchases", "customers", "interactions", "cycles", "predictions", "recommendations", "neighbours"):
        assert opened(shop).frame(frame).equals(opened(fresh).frame(frame)), frame


def test_runs_of_before_can_be_looked_at_and_published_again(shop: Path) -> None:
    first = opened(shop).runs.show().run_id
    opened(shop).privacy.forget(ZOE, purge=True)
    opened(shop).run()
    assert opened(shop).recommendations(OTHER, run=first).height
    opened(shop).roll_back(first)
    assert naming(shop / "w", ZOE) == []
    assert opened(shop).check_data() is not None


def test_without_purge_stored_rows_are_hidden_everywhere(shop: Path) -> None:
    first = opened(shop).runs.show().run_id
    receipt = opened(shop).privacy.forget(ZOE)
    assert (receipt.purged, receipt.hidden > 50, receipt.erased["store"] > 3) == (False, True, True)
    workspace = opened(shop)
    for frame in ("purchases", "customers", "interactions", "cycles", "predictions", "recommendations"):
        rows = workspace.frame(frame)
        assert ZOE not in rows["customer_id"].to_list() and OTHER in [*rows["customer_id"], OTHER], frame
    assert workspace.profile(ZOE).is_empty()
    assert [row for row in workspace.quarantine.show().rows["row"] if ZOE in row] == []
    assert set(workspace.recommendations(ZOE, run=first)["shelf"]) == {"fallback"}
    opened(shop).roll_back(first)
    with opened(shop).customers() as customers:
        assert customers.recommendations(ZOE).algorithm == "popular"
    assert opened(shop).evaluate.next_purchase() is not None and opened(shop).evaluate.show() is not None


@pytest.mark.parametrize("purge", [True, False])
def test_parts_of_a_backup_do_not_bring_it_back(shop: Path, purge: bool) -> None:
    from shutil import copytree, rmtree

    copytree(shop / "w" / "checkpoints", shop / "backup")
    first = opened(shop).runs.show().run_id
    opened(shop).privacy.forget(ZOE, purge=purge)
    rmtree(shop / "w" / "checkpoints")
    copytree(shop / "backup", shop / "w" / "checkpoints")
    opened(shop).run()
    workspace = opened(shop)
    for frame in ("purchases", "customers", "interactions", "cycles", "predictions", "recommendations"):
        assert ZOE not in workspace.frame(frame)["customer_id"].to_list(), frame
    opened(shop).roll_back(first)
    opened(shop, 1).tables.backfill()
    assert opened(shop).privacy.export(ZOE)["kept"]["store"] == []
    opened(shop).privacy.forget(ZOE, purge=True)
    assert naming(shop / "w", ZOE) == []


def test_late_events_and_copies_do_not_bring_it_back(shop: Path) -> None:
    opened(shop, 1).tables.backfill()
    opened(shop).privacy.forget(ZOE)
    order = {"id": "R-7", "customerId": ZOE, "orderDate": "2017-12-30T10:00:00Z", "status": "completed"}
    lines = [{"productId": "milk", "quantity": 1, "unitPrice": 2}]
    with opened(shop).customers() as customers:
        (late,) = customers.apply_orders([OrderEvent({**order, "items": lines})])
        assert late.status == "forgotten"
    opened(shop, 2).tables.backfill()
    copied = opened(shop, 3).tables.copy(["customer-profiles", "recommendations"], target="stage=three", create=True)
    opened(shop, 4).tables.copy(["customer-profiles"], source="stage=two")
    opened(shop).tables.undo(copied.run_id)
    assert opened(shop).privacy.export(ZOE)["kept"]["store"] == []


def test_a_copy_from_elsewhere_leaves_out_whom_the_target_forgot(shop: Path) -> None:
    """The source is a store in which nobody asked for it."""
    elsewhere = {"store.path": str(shop / "elsewhere.sqlite")}
    with opened(shop, **elsewhere).customers() as customers:
        for customer in (ZOE, OTHER):
            customers.register({"customerId": customer})
    opened(shop).privacy.forget(ZOE)
    source = ["kind=sqlite", f"path={shop / 'elsewhere.sqlite'}", "stage=dev"]
    report = opened(shop, 1).tables.copy(["customer-profiles"], source=source)
    (table,) = report.tables
    assert (table.read, table.left_out) == (2, 1)
    assert table.read == table.added + table.changed + table.unchanged + table.left_out + table.refused
    assert opened(shop).privacy.export(ZOE)["kept"]["store"] == []


def test_an_undone_copy_does_not_bring_back_what_it_had_replaced(shop: Path) -> None:
    copied = opened(shop, 1).tables.copy(["recommendations"], target="stage=two")
    with closing(SqliteStore(shop / "w" / "store.sqlite", stage="two")) as store:
        assert store.get("recommendations", f"{ZOE}#homepage", now=NOW)
    opened(shop).privacy.forget(ZOE)
    opened(shop).tables.undo(copied.run_id)
    assert opened(shop).privacy.export(ZOE)["kept"]["store"] == []


def test_hiding_and_purging_give_the_same_results(shop: Path) -> None:
    opened(shop).privacy.forget(ZOE)
    opened(shop).run()
    hidden = {name: opened(shop).frame(name) for name in ("purchases", "recommendations", "neighbours")}
    opened(shop).privacy.forget(ZOE, purge=True)
    again = opened(shop).run()
    assert {step.status for step in again.steps if step.name != "publish"} == {"reused"}
    for name, rows in hidden.items():
        assert rows.equals(opened(shop).frame(name)), name
    assert naming(shop / "w", ZOE) == []


class Killed(BaseException):
    pass


@pytest.mark.parametrize("place", ["StoreItems", "KeptAnswers", "MigrationImages", "WorkspaceRecords", "LogFiles"])
def test_a_forgetting_that_was_killed_goes_on(shop: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnix_cli.wiring import kept_data

    with monkeypatch.context() as patch:

        def killed(self: object, traces: object) -> int:
            raise Killed

        patch.setattr(getattr(kept_data, place), "erase", killed)
        with pytest.raises(Killed):
            opened(shop).privacy.forget(ZOE, purge=True)
    assert ZOE not in opened(shop).frame("purchases")["customer_id"]
    receipt = opened(shop).privacy.forget(ZOE, purge=True)
    assert receipt.remaining == () and receipt.erased["store"] > 3
    assert naming(shop / "w", ZOE) == []


@pytest.mark.parametrize("writes", range(3))
def test_so_does_one_that_was_killed_between_two_files(
    shop: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omnix_cli.stores.workspace import folders

    real, count = folders.write_atomically, [0]

    def dies(path: Path, content: bytes, **options: Any) -> None:
        if "_manifests" in str(path):
            count[0] += 1
            if count[0] > 3 * writes:
                raise Killed
        real(path, content, **options)

    with monkeypatch.context() as patch:
        patch.setattr(folders, "write_atomically", dies)
        with pytest.raises(Killed):
            opened(shop).privacy.forget(ZOE, purge=True)
    assert ZOE not in opened(shop).frame("purchases")["customer_id"]
    opened(shop).run()
    opened(shop).privacy.forget(ZOE, purge=True)
    assert naming(shop / "w", ZOE) == []
    opened(shop).run()


def test_a_dry_run_changes_nothing_and_counts_everything(shop: Path) -> None:
    before = {path: path.read_bytes() for path in (shop / "w" / "checkpoints").rglob("*") if path.is_file()}
    receipt = opened(shop).privacy.forget(ZOE, purge=True, dry_run=True)
    assert receipt.dry_run and receipt.signature == ""
    assert {path: path.read_bytes() for path in before} == before
    assert not (shop / "w" / "forgotten.json").exists()
    done = opened(shop).privacy.forget(ZOE, purge=True)
    for place in ("store", "answers", "checkpoints", "migrations"):
        assert receipt.erased[place] == done.erased[place], place


def test_a_file_that_omnix_does_not_know_is_found(shop: Path) -> None:
    (shop / "w" / "notes.bin").write_bytes(b"\x00\x01" + ZOE.encode() + b"\xff\x02")
    with pytest.raises(PartialError, match=r"notes\.bin") as raised:
        opened(shop).privacy.forget(ZOE, purge=True)
    assert raised.value.report.purged is False
    (shop / "w" / "notes.bin").unlink()
    assert opened(shop).privacy.forget(ZOE, purge=True).purged


def test_the_receipt_is_signed_and_has_no_id(shop: Path) -> None:
    receipt = opened(shop).privacy.forget(ZOE, purge=True)
    text = json.dumps(receipt.content(), sort_keys=True, separators=(",", ":"))
    assert hmac.digest(SECRET.encode(), text.encode(), "sha256").hex() == receipt.signature
    kept = json.loads((shop / "w" / "forgotten.json").read_text())
    assert hmac.digest(bytes.fromhex(kept["key"]), ZOE.encode(), "sha256").hex() == receipt.customer
    assert ZOE not in (shop / "w" / "forgotten.json").read_text() + str(receipt)


def test_a_setting_that_names_the_customer_is_told(shop: Path) -> None:
    settings = {"recommend.excluded_customers": [ZOE]}
    opened(shop, **settings).run()
    with pytest.raises(PartialError, match=r"recommend\.excluded_customers"):
        opened(shop, **settings).privacy.forget(ZOE, purge=True)
    assert naming(shop / "w", ZOE) == []
    assert opened(shop).privacy.forget(ZOE, purge=True).purged


def test_it_waits_for_a_copy_of_tables(shop: Path) -> None:
    with Places(opened(shop).opening.read()).journals().locked("tables copy"), pytest.raises(LockedError):
        opened(shop).privacy.forget(ZOE, purge=True)


def test_the_file_of_a_store_that_is_no_longer_used_is_cleared_too(shop: Path) -> None:
    receipt = opened(shop, **{"store.path": str(shop / "new.sqlite")}).privacy.forget(ZOE, purge=True)
    assert receipt.purged and receipt.erased["store"] > 3 and naming(shop, ZOE + "#") == []


def test_the_settings_need_not_be_those_of_before(shop: Path) -> None:
    assert isinstance(opened(shop).privacy, Privacy)
    without = open_workspace(shop / "w", now=lambda: NOW)
    receipt = without.privacy.forget(ZOE, purge=True)
    assert receipt.purged and receipt.signed_with == "forgotten.json" and naming(shop / "w", ZOE) == []


def test_another_pseudonym_key_does_not_bring_it_back(shop: Path) -> None:
    opened(shop).privacy.forget(ZOE)
    workspace = opened(shop, **{"bedrock.pseudonym_secret": "f" * 32})
    assert ZOE not in workspace.frame("purchases")["customer_id"]


def test_who_is_unknown_is_forgotten_too(shop: Path) -> None:
    receipt = opened(shop).privacy.forget("nobody-99", purge=True)
    assert (receipt.purged, sum(receipt.erased.values())) == (True, 0)
    (shop / "one.csv").write_text("customer_id,product_id,purchased_at\nnobody-99,milk,2017-12-30\n")
    opened(shop).imports.files("purchases", str(shop / "one.csv"))
    assert naming(shop / "w", "nobody-99") == []


def test_a_short_number_is_forgotten_without_taking_others_numbers(tmp_path: Path) -> None:
    lines = ["customer_id,product_id,order_id,purchased_at,quantity,total_price"]
    for customer in ("12", "120", "7"):
        lines += [f"{customer},12,{n},2017-12-{n:02}T10:00:00Z,12,12.00" for n in range(1, 20)]
    lines += ["7,12,12,2017-12-12T10:00:00Z,x,12.00", "12,7,12,2017-12-12T10:00:00Z,x,12.00"]
    (tmp_path / "purchases.csv").write_text("\n".join(lines) + "\n")
    workspace = opened(tmp_path)
    workspace.imports.files("purchases", str(tmp_path / "purchases.csv"))
    workspace.run()
    receipt = opened(tmp_path).privacy.forget("12", purge=True)
    assert receipt.remaining == ()
    purchases = opened(tmp_path).frame("purchases")
    assert sorted(set(purchases["customer_id"])) == ["120", "7"] and set(purchases["product_id"]) == {"12"}
    assert [json.loads(row)["customer_id"] for row in opened(tmp_path).quarantine.show().rows["row"]] == ["7"]


def test_an_export_says_where_each_piece_came_from(shop: Path) -> None:
    found = opened(shop).privacy.export(ZOE)
    wheres = {place: {piece["where"] for piece in pieces} for place, pieces in found["kept"].items()}
    assert any(where.endswith("omnix-ai-customer-profiles-dev") for where in wheres["store"])
    imported = {where for where in wheres["checkpoints"] if "purchases.csv" in where}
    assert {where.partition(" ")[0] for where in imported} == {"purchases", "quarantine"}
    assert {"answers", "logs", "migrations", "records"} < set(found["kept"])
    lines = [
        piece["content"] for piece in found["kept"]["checkpoints"] if piece["where"].startswith("purchases of import-")
    ]
    expected = opened(shop).frame("purchases").filter(pl.col("customer_id") == ZOE)
    assert len(lines) == expected.height == 41
    json.dumps(found, default=str)
    assert OTHER + '"' not in json.dumps(found["kept"]["store"], default=str)
