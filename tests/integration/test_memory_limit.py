"""`--max-memory` holds for the whole process, as the system measures it; what cannot be kept is refused."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.cli import conftest as shops
from tests.cli.conftest import Omnix

omnix = shops.omnix  # the fixture

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sample(omnix: Omnix, tmp_path: Path) -> Omnix:
    """Some households of the sample, with the whole catalogue: neighbours take more memory than purchases do."""
    lines = pl.read_csv(ROOT / "sample_data" / "purchases.csv.gz", infer_schema=False)
    chosen = lines["household_id"].unique().sort().head(20)
    lines.filter(pl.col("household_id").is_in(chosen.to_list())).write_csv(tmp_path / "purchases.csv")
    for kind, file in (("products", ROOT / "sample_data" / "products.csv.gz"), ("purchases", "purchases.csv")):
        assert omnix("import", kind, str(file), "--mapping", "complete-journey").code == 0
    return omnix


def peak_of(*arguments: str) -> tuple[int, int]:
    """The exit code of a command, and the most memory (bytes) that its process held, by the count of the system. omnix
    begins that count anew with each step, so it is looked at all the time."""
    running = subprocess.Popen([sys.executable, "-m", "omnix_cli", *arguments], stdout=subprocess.DEVNULL)
    peak = 0
    while running.poll() is None:
        for line in Path(f"/proc/{running.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) * 1024)
        time.sleep(0.005)
    return running.returncode, peak


def test_what_is_accepted_is_kept(sample: Omnix) -> None:
    refused = sample("run", "--max-memory", "500MB")
    assert refused.code == 2
    assert "cannot be kept" in refused.err
    named = re.search(r"Allow at least (\d+)MB", refused.err)
    assert named is not None
    least = int(named[1])
    assert sample("run", "--dry-run", "--max-memory", f"{least - 1}MB").code == 2
    code, peak = peak_of("run", "--quiet", "--max-memory", f"{least}MB")
    assert code == 0
    assert peak <= least * 1_000_000
    assert peak > 0.4 * least * 1_000_000, "much less would have done"


@pytest.mark.parametrize("size", ["1", "100MB"])
def test_what_omnix_takes_alone_cannot_be_undercut(sample: Omnix, size: str) -> None:
    for command in ("run", "similarity"):
        answer = sample(command, "--max-memory", size)
        assert (answer.code, "omnix alone takes" in answer.err) == (2, True)
