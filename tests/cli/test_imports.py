from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa

from tests.cli.conftest import Omnix, write_shop

HEADER = "customer_id,product_id,order_id,purchased_at,quantity,total_price\n"
GOOD = "ann,milk,o1,2017-05-01,1,2.50\nann,tea,o1,2017-05-01,2,7.00\nbob,milk,o2,2017-05-02,1,2.50\n"
BAD = "bob,tea,o2,2017-05-40,1,3.50\n"


def test_the_counts_add_up_and_are_printed(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + BAD)
    answer = omnix("import", "purchases", "a.csv", "--max-bad", "0.3", "--format", "json")
    assert answer.code == 0, answer.err
    assert "4 rows read = 3 accepted + 1 quarantined + 0 already known" in answer.err
    assert "2017-05-40" in answer.err
    (file,) = json.loads(answer.out)
    assert (file["read"], file["accepted"], file["quarantined"], file["known"]) == (4, 3, 1, 0)


def test_with_too_many_bad_rows_nothing_is_imported(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + BAD)
    answer = omnix("import", "purchases", "a.csv")
    assert (answer.code, answer.out) == (3, "")
    assert "4 rows read, 1 bad: nothing was imported" in answer.err
    assert "error: 1 of 4 rows is bad (25.0%, allowed 1.0%)" in answer.err
    assert omnix("run").code == 3


def test_the_same_file_again_is_known_and_an_overlap_adds_what_is_new(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD)
    (tmp_path / "b.csv").write_text(HEADER + GOOD + "cid,jam,o3,2017-05-03,1,2.80\n")
    omnix("import", "purchases", "a.csv")
    assert "3 rows read = 0 accepted + 0 quarantined + 3 already known" in omnix("import", "purchases", "a.csv").err
    assert "4 rows read = 1 accepted + 0 quarantined + 3 already known" in omnix("import", "purchases", "b.csv").err


def test_columns_are_mapped_and_a_wrong_name_is_corrected(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("client;article;sold;n\nann;milk;01.05.2017;1\nann;tea;31.05.2017;2\n")
    mapped = ["--map", "customer_id=client", "--map", "productId=article", "--map", "purchased_at=sold"]
    answer = omnix("import", "purchases", "a.csv", *mapped, "--map", "quantity=n")
    assert answer.code == 0, answer.err
    assert "2 rows read = 2 accepted" in answer.err
    wrong = omnix("import", "purchases", "a.csv", *mapped, "--map", "quantity=nn")
    assert wrong.code == 3
    assert "nn" in wrong.err
    assert "client" in wrong.err


def test_a_comma_that_may_be_of_decimals_or_of_thousands_needs_an_answer(omnix: Omnix, tmp_path: Path) -> None:
    lines = ["customer_id;product_id;purchased_at;quantity;unit_price", "ann;milk;2017-05-01;1;1,234", ""]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    asked = omnix("import", "purchases", "a.csv")
    assert asked.code == 3
    assert "numbers like 1,234" in asked.err
    assert "decimal_comma = true" in asked.err
    for number, (answer, read) in enumerate([("true", 1.23), ("false", 1234.0)]):
        (tmp_path / "shop.toml").write_text(f"[purchases]\ndecimal_comma = {answer}\n")
        place = str(tmp_path / f"shop{number}")
        assert omnix("import", "purchases", "a.csv", "--mapping", "shop.toml", "--workspace", place).code == 0
        (row,) = pl.read_parquet(tmp_path / place / "checkpoints" / "import-purchases-*" / "purchases-*.parquet").rows(
            named=True
        )
        assert float(row["unit_price"]) == read
    (tmp_path / "b.csv").write_text("\n".join([*lines[:2], "ann;tea;2017-05-01;1;0,500", ""]))
    assert omnix("import", "purchases", "b.csv").code == 0
    (tmp_path / "c.csv").write_text("\n".join(lines).replace("1,234", '"1,234"').replace(";", ","))
    assert omnix("import", "purchases", "c.csv").code == 0


def test_a_file_is_read_as_its_rows_say_however_its_bytes_arrive(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("customer_id,product_id,purchased_at,quantity\nann,milk,03/04/2017,1")
    answer = omnix("import", "purchases", "a.csv")
    assert answer.code == 3
    assert "day first or month first" in answer.err


def test_a_column_that_is_there_twice_is_reported_and_not_read_unasked(omnix: Omnix, tmp_path: Path) -> None:
    header = "customer_id,product_id,purchased_at,quantity"
    (tmp_path / "a.csv").write_text(f"{header},note,note\nann,milk,2017-05-01,1,x,y\n")
    answer = omnix("import", "purchases", "a.csv", "--format", "json")
    assert answer.code == 0, answer.err
    assert "repeated columns: note" in json.loads(answer.out)[0]["findings"]
    (tmp_path / "b.csv").write_text(f"{header},quantity\nann,milk,2017-05-01,1,7\n")
    refused = omnix("import", "purchases", "b.csv")
    assert refused.code == 3
    assert "more than one column is named `quantity`" in refused.err
    assert "`quantity (1 of 2)` or `quantity (2 of 2)`" in refused.err
    chosen = omnix("import", "purchases", "b.csv", "--map", "quantity=quantity (2 of 2)")
    assert "1 row read = 1 accepted" in chosen.err


def test_stdin_gzip_folders_and_globs(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    (tmp_path / "days" / "1.csv").write_text(HEADER + GOOD)
    (tmp_path / "days" / "2.csv.gz").write_bytes(gzip.compress((HEADER + "cid,jam,o3,2017-05-03,1,2.80\n").encode()))
    assert "4 rows read = 4 accepted" in omnix("import", "purchases", "days").err
    assert "4 already known" in omnix("import", "purchases", "days/*").err
    piped = subprocess.run(
        [sys.executable, "-m", "omnix_cli", "import", "purchases", "-"],
        input=HEADER + "dan,tea,o4,2017-05-04,1,3.50\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert piped.returncode == 0, piped.stderr
    assert "1 row read = 1 accepted" in piped.stderr


def test_a_table_of_a_store_in_another_file(omnix: Omnix, tmp_path: Path) -> None:
    write_shop(tmp_path)
    omnix("import", "products", "products.csv")
    omnix("import", "purchases", "purchases.csv")
    assert omnix("run").code == 0
    assert omnix("tables", "backfill").code == 0
    place = ["--from", "sqlite", "--from", f"path={tmp_path / '.omnix' / 'store.sqlite'}"]
    answer = omnix("import", "purchases", *place, "--workspace", "other")
    assert answer.code == 0, answer.err
    assert "0 quarantined" in answer.err
    wrong = omnix("import", "purchases", "--from", "sqlite", "--from", "colour=red")
    assert wrong.code == 2
    assert "colour" in wrong.err


def test_a_dry_run_imports_nothing(omnix: Omnix, tmp_path: Path) -> None:
    write_shop(tmp_path)
    dry = omnix("import", "purchases", "purchases.csv", "--dry-run")
    assert (dry.code, "accepted" in dry.err) == (0, True)
    assert omnix("run").code == 3


def test_a_dry_run_before_anything_else_leaves_nothing_behind(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD)
    (tmp_path / "bad.csv").write_text(HEADER + BAD)
    elsewhere = ["--workspace", "deep/down", "--dry-run"]
    assert omnix("import", "purchases", "a.csv", "--dry-run").code == 0
    assert omnix("import", "purchases", "a.csv", *elsewhere).code == 0
    assert omnix("import", "purchases", "bad.csv", *elsewhere).code == 3
    assert omnix("quarantine", "replay", *elsewhere).code == 0
    assert omnix("quarantine", "discard", *elsewhere).code == 0
    assert omnix("runs", "prune", *elsewhere).code == 0
    omnix("run", *elsewhere)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "bad.csv"]


def test_orders_in_any_spelling_and_a_completed_one_counts_again(omnix: Omnix, tmp_path: Path) -> None:
    def event(status: str) -> str:
        items = [{"productId": "tea", "quantity": 2, "unitPrice": 3.5, "totalPrice": 7.0}]
        order = {"id": "o1", "customerId": "ann", "orderDate": "2017-05-01T10:00:00Z", "status": status, "items": items}
        return json.dumps(order) + "\n"

    for number, status in enumerate(["Completed", "completed", "Cancelled", "completed"]):
        (tmp_path / f"{number}.ndjson").write_text(event(status))
        answer = omnix("import", "orders", f"{number}.ndjson", "--format", "json")
        assert answer.code == 0, answer.err
        (file,) = json.loads(answer.out)
        assert (file["accepted"], file["known"]) == ((1, 0) if number in (0, 2, 3) else (0, 1))
        cycles = json.loads(omnix("predict", "--format", "json").out)[0]["rows_out"]
        assert cycles == (0 if status == "Cancelled" else 1)


def test_whole_floats_of_json_are_the_ids_they_were(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("customer_id,product_id,order_id,purchased_at,quantity\n7,3,9,2017-05-01,1.5\n")
    (tmp_path / "a.ndjson").write_text(
        '{"customer_id": 7.0, "product_id": 3, "order_id": 9.0, "purchased_at": "2017-05-01", "quantity": 1.5}\n'
    )
    omnix("import", "purchases", "a.csv")
    assert "1 row read = 0 accepted + 0 quarantined + 1 already known" in omnix("import", "purchases", "a.ndjson").err


def test_one_row_with_a_nul_byte_is_set_aside(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + "b\0b,tea,o9,2017-05-04,1,3.50\n")
    answer = omnix("import", "purchases", "a.csv", "--max-bad", "0.5")
    assert "4 rows read = 3 accepted + 1 quarantined" in answer.err
    assert "has a NUL byte" in answer.err


def test_a_parquet_column_of_the_wrong_kind_is_set_aside(omnix: Omnix, tmp_path: Path) -> None:
    rows = {"customer_id": ["ann"], "product_id": ["tea"], "purchased_at": ["2017-05-01"], "quantity": [[1, 2]]}
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    answer = omnix("import", "purchases", "a.parquet", "--max-bad", "1")
    assert answer.code == 0, answer.err
    assert "1 row read = 0 accepted + 1 quarantined" in answer.err


def test_zstandard_files_are_read_quietly(omnix: Omnix, tmp_path: Path) -> None:
    with pa.CompressedOutputStream(str(tmp_path / "a.csv.zst"), "zstd") as file:
        file.write((HEADER + GOOD).encode())
    answer = omnix("import", "purchases", "a.csv.zst")
    assert "3 rows read = 3 accepted" in answer.err
    assert "Error" not in answer.err
