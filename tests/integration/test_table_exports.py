"""Imports of table exports: full, incremental, damaged."""

from __future__ import annotations

import gzip
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.errors import DataError
from omnix_cli.services.importing.imports import import_files
from omnix_cli.stores.inputs.input_files import S3Files
from omnix_cli.stores.inputs.recipes import load_mapping
from omnix_cli.stores.inputs.sources import FileSources
from tests.aws.buckets import TestBucket
from tests.importing import RUN_ROWS, assert_conserved, current_rows, imported, importer
from tests.integration.test_import_properties import fast
from tests.table_exports import change_line, full_line, write_export


def item(number: int, **attributes: Any) -> dict[str, Any]:
    """A line as the older service wrote it: a random id, no order."""
    return {
        "id": f"0f8fad5b-d9cb-469f-a165-{number:012}",
        "customerId": f"c{number % 3}",
        "productId": f"p{number}",
        "quantity": 2,
        "unitPrice": Decimal("1.50"),
        "totalPrice": Decimal("3.00"),
        "purchaseDate": f"2020-05-{number % 27 + 1:02}T10:00:00.000Z",
        "promotionUsed": number % 2 == 0,
        **attributes,
    }


def key(number: int) -> dict[str, Any]:
    return {"id": item(number)["id"]}


def test_a_full_export_is_recognised_and_its_rows_keep_their_ids(tmp_path: Path) -> None:
    write_export(tmp_path / "in", [[full_line(item(1)), full_line(item(2))], [], [full_line(item(3))]])
    work = importer(tmp_path)
    report = imported(work, tmp_path / "in")
    assert report.accepted == 3
    assert {file.findings["format"] for file in report.files} == {"DynamoDB export"}
    rows = current_rows(work).sort("purchase_id")
    assert rows["purchase_id"].to_list() == [item(number)["id"] for number in (1, 2, 3)]
    assert rows["order_id"].null_count() == 3
    assert rows["unit_price"].to_list() == [Decimal("1.50")] * 3
    assert rows["promotion_used"].to_list() == [False, True, False]
    again = imported(work, tmp_path / "in")
    assert (again.known, again.batch) == (3, None)


def test_an_export_is_read_where_it_lies_in_a_bucket(tmp_path: Path, bucket: TestBucket) -> None:
    write_export(tmp_path, [[full_line(item(1)), full_line(item(2))]], time="2026-01-04T00:00:00.000Z")
    write_export(tmp_path, [[change_line(key(1), None, item(1))]], export="later", incremental=True)
    for file in filter(Path.is_file, (tmp_path / "AWSDynamoDB").rglob("*")):
        bucket.write(f"prefix/{file.relative_to(tmp_path).as_posix()}", file.read_bytes())
    work = replace(importer(tmp_path / "work"), sources=FileSources(s3=S3Files(bucket.settings)))
    report = import_files(work, [f"{bucket.address}/prefix/"], load_mapping("purchases"))
    assert [file.accepted for file in report.files] == [2, 1]
    only = import_files(work, [f"{bucket.address}/prefix/AWSDynamoDB/later"], load_mapping("purchases"))
    assert (only.read, only.known) == (1, 1)
    bucket.delete(bucket.keys("prefix/AWSDynamoDB/data/")[0])
    work = replace(work, sources=FileSources(s3=S3Files(bucket.settings)))
    with pytest.raises(DataError, match="is missing"):
        import_files(work, [f"{bucket.address}/prefix/"], load_mapping("purchases"))


def test_a_copy_of_the_folder_of_one_export_is_an_export_too(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "s3", [[full_line(item(1))]])
    copy = folder.rename(tmp_path / "copy")
    assert imported(importer(tmp_path), copy).accepted == 1


def test_changes_and_deletions_follow_in_the_order_of_time(tmp_path: Path) -> None:
    root = tmp_path / "in"
    write_export(root, [[full_line(item(number)) for number in range(5)]], time="2026-01-04T00:00:00.000Z")
    second = [change_line(key(1), item(1, quantity=9), item(1, quantity=8)), change_line(key(3), None, item(3))]
    write_export(root, [second], export="a-later", incremental=True, time="2026-01-06T00:00:00.000Z")
    first = [change_line(key(1), item(1, quantity=8), item(1)), change_line(key(7), item(7))]
    write_export(root, [first], export="b-earlier", incremental=True, time="2026-01-05T00:00:00.000Z")
    work = importer(tmp_path)
    report = imported(work, root)
    assert (report.read, report.accepted, report.corrected) == (9, 9, 3)
    rows = current_rows(work)
    quantities = dict(rows.select("product_id", "quantity").iter_rows())
    assert quantities == {"p0": 2, "p1": 9, "p2": 2, "p3": 2, "p4": 2, "p7": 2}
    assert rows.filter(kind="cancelled")["product_id"].to_list() == ["p3"]


def test_one_export_leaves_the_files_of_others_in_the_shared_folder_alone(tmp_path: Path) -> None:
    write_export(tmp_path, [[change_line(key(1), item(1))]], export="one", incremental=True)
    other = write_export(tmp_path, [[change_line(key(2), item(2))]], export="other", incremental=True)
    report = imported(importer(tmp_path / "work"), other)
    assert [file.read for file in report.files] == [1]
    assert report.files[0].findings["format"] == "DynamoDB incremental export"


@pytest.mark.parametrize("run_rows", [1, 2, RUN_ROWS])
def test_deletions_without_old_images_cancel_what_is_known(tmp_path: Path, run_rows: int) -> None:
    work = importer(tmp_path, run_rows=run_rows)
    imported(work, write_export(tmp_path / "full", [[full_line(item(number)) for number in range(4)]]))
    changes = [change_line(key(1)), change_line(key(8), item(8)), change_line(key(99))]
    report = imported(work, write_export(tmp_path / "changes", [changes], incremental=True))
    assert (report.read, report.accepted, report.quarantined, report.expected) == (3, 2, 1, 1)
    assert report.reasons[0].reason == "deleted there, never imported here"
    rows = current_rows(work)
    assert rows.filter(kind="cancelled")["product_id"].to_list() == ["p1"]
    assert rows.filter(kind="cancelled")["unit_price"].to_list() == [Decimal("1.50")]
    deletions = write_export(tmp_path / "more", [[change_line(key(2)), change_line(key(1))]], incremental=True)
    only = imported(work, deletions)
    assert (only.accepted, only.known) == (1, 1)


@pytest.mark.parametrize("run_rows", [1, 2, RUN_ROWS])
def test_a_deletion_takes_back_what_the_same_import_brings(tmp_path: Path, run_rows: int) -> None:
    write_export(tmp_path / "in", [[full_line(item(1)), full_line(item(2))]], time="2026-01-01T00:00:00.000Z")
    write_export(tmp_path / "in", [[change_line(key(2))]], export="later", incremental=True)
    work = importer(tmp_path, run_rows=run_rows)
    assert imported(work, tmp_path / "in").accepted == 3
    assert current_rows(work).filter(kind="cancelled")["product_id"].to_list() == ["p2"]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("quantity", [2, 5])
@pytest.mark.parametrize("with_old_image", [True, False])
def test_a_key_that_is_deleted_and_put_again_counts_again(
    tmp_path: Path, with_old_image: bool, quantity: int, at_once: bool
) -> None:
    old = item(1) if with_old_image else None
    exports = [
        ([full_line(item(1)), full_line(item(2))], {"time": "2026-01-04T00:00:00.000Z"}),
        ([change_line(key(1), None, old)], {"export": "b", "incremental": True, "time": "2026-01-05T00:00:00.000Z"}),
        ([change_line(key(1), item(1, quantity=quantity))], {"export": "a", "incremental": True}),
        (
            [change_line(key(2), None, item(2))],
            {"export": "c", "incremental": True, "time": "2026-01-07T00:00:00.000Z"},
        ),
    ]
    work = importer(tmp_path / "work")
    for lines, how in exports:
        folder = write_export(tmp_path / "in", [lines], **{"time": "2026-01-06T00:00:00.000Z", **how})
        if not at_once:
            imported(work, folder)
    imported(work, tmp_path / "in")
    rows = current_rows(work)
    assert rows.filter(kind="purchase").select("product_id", "quantity").rows() == [("p1", quantity)]
    assert rows.filter(kind="cancelled")["product_id"].to_list() == ["p2"]


def test_a_deletion_is_about_one_key_as_it_is_written(tmp_path: Path) -> None:
    keys = ["dup", "dup ", " dup"]
    work = importer(tmp_path)
    imported(work, write_export(tmp_path / "in", [[full_line({**item(1), "id": key}) for key in keys]]))
    assert sorted(current_rows(work)["purchase_id"]) == sorted(keys)
    deletion = change_line({"id": "dup "})
    assert imported(work, write_export(tmp_path / "b", [[deletion]], incremental=True)).accepted == 1
    assert current_rows(work).filter(kind="cancelled")["purchase_id"].to_list() == ["dup "]


@pytest.mark.parametrize("with_old_image", [True, False])
def test_a_deleted_product_stays_and_is_told(tmp_path: Path, with_old_image: bool) -> None:
    work = importer(tmp_path)
    product = {"id": "p1", "name": "Milk", "quantity": 4, "tags": ["fresh", "cold"]}
    imported(work, write_export(tmp_path / "a", [[full_line(product)]]), kind="products")
    change = change_line({"id": "p1"}, None, product if with_old_image else None)
    report = imported(work, write_export(tmp_path / "b", [[change]], incremental=True), kind="products")
    assert (report.quarantined, report.expected) == (1, 1)
    assert report.reasons[0].reason == "deleted there, kept here"
    assert current_rows(work, "products")["tags"].to_list() == [["fresh", "cold"]]


def test_values_of_other_types_are_not_lost(tmp_path: Path) -> None:
    lines = [full_line(item(1)), full_line(item(2, quantity=[1])), full_line(item(3, quantity="3", review={"a": 1}))]
    lines += [full_line(item(4, quantity=None)), {"Item": {**full_line(item(5))["Item"], "customerId": "bare"}}]
    work = importer(tmp_path, max_bad=1)
    report = imported(work, write_export(tmp_path / "in", [[*lines, {"Other": 1}]]))
    assert report.accepted == 2
    assert {(reason.reason, reason.column, reason.rows) for reason in report.reasons} == {
        ("not a number", "quantity", 1),
        ("missing", "quantity", 1),
        ("not DynamoDB JSON", None, 1),
        ("no item of a table", None, 1),
    }
    rows = current_rows(work).sort("product_id")
    assert rows["quantity"].to_list() == [2, 3]
    assert rows["review"].to_list() == [None, '{"a":1}']


def damage_file(folder: Path) -> None:
    file = next((folder / "data").iterdir())
    content = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(content.replace(b'"p1"', b'"p7"'), mtime=0))


def cut_file(folder: Path) -> None:
    file = next((folder / "data").iterdir())
    file.write_bytes(file.read_bytes()[:-20])


def remove_file(folder: Path) -> None:
    next((folder / "data").iterdir()).unlink()


def remove_manifest(folder: Path) -> None:
    (folder / "manifest-summary.json").unlink()


def remove_list(folder: Path) -> None:
    (folder / "manifest-files.json").unlink()


def cut_list(folder: Path) -> None:
    manifest = folder / "manifest-files.json"
    manifest.write_bytes(manifest.read_bytes().splitlines(keepends=True)[0])


def break_manifest(folder: Path) -> None:
    (folder / "manifest-summary.json").write_bytes(b'{"version":')


DAMAGES = {
    damage_file: "checksum differs",
    cut_file: "damaged or truncated",
    remove_file: "is missing",
    remove_manifest: "the export is incomplete",
    remove_list: "is missing",
    cut_list: "has files of 1 items, the export has 2",
    break_manifest: "the manifest is damaged",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_export_is_refused_whole(tmp_path: Path, damage: Any) -> None:
    folder = write_export(tmp_path / "in", [[full_line(item(1))], [full_line(item(1, quantity=3))]])
    damage(folder)
    work = importer(tmp_path)
    with pytest.raises(DataError, match=DAMAGES[damage]):
        imported(work, tmp_path / "in")
    assert current_rows(work).is_empty()


def test_exports_of_two_tables_and_of_another_format_are_refused(tmp_path: Path) -> None:
    write_export(tmp_path / "a", [[full_line(item(1))]])
    write_export(tmp_path / "a", [[full_line(item(1))]], export="x", table="omnix-ai-products-dev")
    with pytest.raises(DataError, match="several tables: omnix-ai-products-dev, omnix-ai-purchase-history-dev"):
        imported(importer(tmp_path), tmp_path / "a")
    write_export(tmp_path / "b", [[full_line(item(1))]], output="ION")
    with pytest.raises(DataError, match="as ION"):
        imported(importer(tmp_path), tmp_path / "b")


values = st.one_of(
    st.integers(-3, 5), st.text("ab1. ", max_size=4), st.none(), st.booleans(), st.lists(st.text("ab"), max_size=2)
)
changes = st.tuples(
    st.integers(0, 6),
    st.sampled_from(["insert", "delete", "delete bare"]),
    st.dictionaries(
        st.sampled_from(["productId", "quantity", "unitPrice", "purchaseDate", "rating"]), values, max_size=2
    ),
)


@fast
@given(st.lists(st.lists(changes, max_size=6, unique_by=lambda change: change[0]), min_size=1, max_size=3))
def test_counts_always_add_up(exports: list[list[tuple[int, str, dict[str, Any]]]]) -> None:
    with TemporaryDirectory() as folder:
        work = importer(Path(folder), run_rows=2, max_bad=1)
        for number, changed in enumerate(exports):
            lines = []
            for row, how, odd in changed:
                image = item(row, **odd)
                images = {"insert": (image, None), "delete": (None, image), "delete bare": (None, None)}[how]
                lines.append(change_line(key(row), *images))
            if not lines:
                continue
            export = write_export(Path(folder) / "in", [lines], export=f"e{number}", incremental=True)
            report = imported(work, export)
            assert report.read == len(lines)
            assert_conserved(report)
            again = imported(work, export)
            assert (again.read, again.known, again.batch) == (len(lines), len(lines), None)


def test_a_file_of_an_export_that_was_unpacked_is_still_one(tmp_path: Path) -> None:
    lines = [orjson.dumps(full_line(item(number))) for number in range(3)]
    file = tmp_path / "unpacked.json"
    file.write_bytes(b"\n".join([*lines, b"", lines[0][:-1]]))
    with FileSources().open(str(file), load_mapping("purchases")) as source:
        chunks = list(source.chunks())
        assert source.findings["format"] == "DynamoDB export"
    assert [key for chunk in chunks for key in chunk.rows["id"]] == [item(number)["id"] for number in range(3)]
    assert [row for chunk in chunks for row in chunk.rejected["row_number"]] == [5]


def test_an_ordinary_document_with_an_item_is_no_export(tmp_path: Path) -> None:
    file = tmp_path / "orders.ndjson"
    order = {"Item": {"name": {"first": "x"}}, "customer_id": "c", "product_id": "p", "quantity": 1}
    file.write_bytes(orjson.dumps({**order, "purchased_at": "2020-05-01T10:00:00Z"}) + b"\n")
    report = imported(importer(tmp_path), file)
    assert (report.accepted, report.files[0].findings["format"]) == (1, "NDJSON")


@pytest.mark.parametrize(
    "key",
    [
        "AWSDynamoDB/../../other/{file}",
        "x/AWSDynamoDB/{export}/data/../../../../other/{file}",
        "AWSDynamoDB//{root}/other/{file}",
        "AWSDynamoDB/./{file}",
        "AWSDynamoDB/..",
        "{root}/other/{file}",
        "AWSDynamoDB/{export}/data/\0{file}",
    ],
)
def test_a_file_outside_of_the_export_is_not_read(tmp_path: Path, key: str) -> None:
    folder = write_export(tmp_path / "in", [[full_line(item(1))]])
    file = next((folder / "data").iterdir())
    (tmp_path / "other").mkdir()
    file.rename(tmp_path / "other" / file.name)
    manifest = folder / "manifest-files.json"
    (entry,) = map(orjson.loads, manifest.read_bytes().splitlines())
    entry["dataFileS3Key"] = key.format(file=file.name, export=folder.name, root=tmp_path)
    manifest.write_bytes(orjson.dumps(entry))
    with pytest.raises(DataError, match="outside of the export"):
        imported(importer(tmp_path), tmp_path / "in")
