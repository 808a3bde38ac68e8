from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

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


def test_too_many_bad_rows_take_nothing_over(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + BAD)
    answer = omnix("import", "purchases", "a.csv")
    assert (answer.code, answer.out) == (3, "")
    assert "4 rows read, 1 bad: nothing was taken over" in answer.err
    assert "error: 1 of 4 rows are bad (25.0%, allowed 1.0%)" in answer.err
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
    assert "1 rows read = 1 accepted" in piped.stderr


def test_quarantined_rows_are_shown_replayed_and_discarded(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + BAD + "dan,tea,o4,2017-05-04,none,3.50\n")
    omnix("import", "purchases", "a.csv", "--max-bad", "1")
    shown = json.loads(omnix("show", "quarantine", "--format", "json").out)
    assert [(row["row_number"], row["column"], row["value"]) for row in shown] == [
        (5, "purchased_at", "2017-05-40"),
        (6, "quantity", "none"),
    ]
    (tmp_path / "mended.csv").write_text(
        HEADER + GOOD + BAD.replace("05-40", "05-30") + "dan,tea,o4,2017-05-04,none,3\n"
    )
    replayed = omnix("quarantine", "replay", "--mended", "a.csv=mended.csv")
    assert replayed.code == 0, replayed.err
    assert "1 accepted" in replayed.err
    reasons = json.loads(omnix("quarantine", "show", "--format", "json").out)
    assert [(reason["column"], reason["rows"]) for reason in reasons] == [("quantity", 1)]
    assert "1 rows discarded" in omnix("quarantine", "discard").err
    assert json.loads(omnix("quarantine", "show", "--format", "json").out) == []


def test_a_dry_run_takes_nothing_over(omnix: Omnix, tmp_path: Path) -> None:
    write_shop(tmp_path)
    dry = omnix("import", "purchases", "purchases.csv", "--dry-run")
    assert (dry.code, "accepted" in dry.err) == (0, True)
    assert omnix("run").code == 3
