from __future__ import annotations

import subprocess
import sys
import time

from omnix_cli.processes.boot_time import boot_seconds


def test_it_goes_on_while_the_process_is_stopped() -> None:
    before = boot_seconds()
    time.sleep(0.02)
    assert 0.02 <= boot_seconds() - before < 5


def test_all_processes_of_a_machine_share_it() -> None:
    script = "from omnix_cli.processes.boot_time import boot_seconds; print(boot_seconds())"
    before = boot_seconds()
    other = float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
    assert before < other < boot_seconds()
