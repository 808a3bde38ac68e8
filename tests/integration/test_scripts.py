"""Every script under tests/benchmarks and tests/soaks runs, with the smallest size it has, and prints its table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws.emulators import ENVIRONMENT

ROOT = Path(__file__).parents[2]
SMALLEST = {
    "benchmarks.bench_against": (["--python", sys.executable, "--times", "1", "--households", "2"], "next night"),
    "benchmarks.bench_asking": (["1", "--questions", "4"], "replies a second kept by 16 threads"),
    "benchmarks.bench_import": (["50", "--rounds", "1"], "omnix, again"),
    "benchmarks.bench_nights": (["--shops", "journey", "--households", "2", "--nights", "1"], "1 nights: "),
    "benchmarks.bench_run": (["--households", "2"], "runs recorded: 2"),
    "benchmarks.bench_serving": (["--journey", "4", "--seconds", "0.4", "--rate", "50", "--rates", "1"], "0 failed"),
    "benchmarks.bench_similarity": (["--rows", "2000", "--rounds", "1"], "contender"),
    "benchmarks.bench_start": (["--rounds", "1"], "completion"),
    "benchmarks.bench_table_read": (["1", "--rounds", "1"], "boto3 resource"),
    "benchmarks.bench_table_write": (["50", "--rounds", "1"], "boto3 batch_writer"),
    "benchmarks.quality_predictions": (["--households", "10"], "Alerts"),
    "benchmarks.quality_ranker": (["--every", "100", "--methods", "formula"], "formula    Recall@10 / NDCG@10"),
    "benchmarks.quality_recommendations": (["--households", "30"], "omnix, homepage, 60 % due"),
    "benchmarks.quality_shelves": (["--households", "30"], "due_again"),
    "benchmarks.quality_similarity": (["--every", "20"], "co-purchase only"),
    "soaks.absurd_settings": (["0.01"], " settings, 0 wrong"),
    "soaks.damage": (["2"], "2 trials, 0 wrong"),
    "soaks.dynamodb_answers": (["1"], "5 figures compared with what is charged, 0 differ"),
    "soaks.hostile_texts": (["--shops", "1"], " commands, 0 wrong"),
    "soaks.models_under_faults": (["--households", "4", "--kill-after", "2"], "in a batch"),
    "soaks.odd_answers": (["--every", "60", "--mixtures", "0"], ": 0 failures"),
    "soaks.order_streams": (["3"], "shuffled: "),
    "soaks.pauses": (["1", "sqlite"], "0 wrong"),
    "soaks.strange_services": (["2"], "2 trials, 0 wrong"),
    "soaks.tables_under_faults": (["40"], "missing 0, doubled 0, wrong 0"),
}
NO_SCRIPTS = {
    "benchmarks.__main__": "runs the others",
    "benchmarks.null_dynamodb": "a server of bench_table_write",
    "benchmarks.open_loop": "the client of bench_serving",
    "benchmarks.published_lists": "data of bench_table_write",
    "benchmarks.purchase_data": "data of bench_similarity",
    "benchmarks.served_shops": "data of bench_serving",
    "benchmarks.replayed_scan": "a server of bench_table_read",
    "soaks.commands": "runs the commands of campaigns",
    "soaks.slow_publisher": "a process of pauses",
}


@pytest.mark.parametrize("script", SMALLEST)
def test_a_script_runs_with_its_smallest_size(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_EMULATORS", str(ENVIRONMENT))
    arguments, printed = SMALLEST[script]
    command = [sys.executable, "-m", f"tests.{script}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


def test_no_script_is_forgotten() -> None:
    files = {
        f"{folder}.{file.stem}"
        for folder in ("benchmarks", "soaks")
        for file in (ROOT / "tests" / folder).glob("*.py")
        if file.stem != "__init__"
    }
    assert files == SMALLEST.keys() | NO_SCRIPTS.keys()
