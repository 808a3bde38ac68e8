"""How much memory this process has used at most."""

from __future__ import annotations

from omnix_cli.processes.peak_memory import PeakMemory


def test_the_peak_includes_memory_that_was_freed() -> None:
    memory = PeakMemory()
    before = memory.peak_bytes()
    block = bytearray(64 << 20)
    del block
    assert memory.peak_bytes() - before > 32 << 20
