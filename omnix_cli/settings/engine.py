"""Settings of the engine."""

from __future__ import annotations

from pydantic import Field

from omnix_cli.settings.section import Section


class EngineSettings(Section):
    """How the work is done. Never changes a result."""

    slice_rows: int = Field(2_000_000, ge=1)
    """Purchases to work on at a time."""
    threads: int | None = Field(None, ge=1)
    """Threads of the similarity kernel. Default: all cores. polars itself reads POLARS_MAX_THREADS."""
    max_memory: str = "4GiB"
    """The memory a step may use. It works in blocks to stay below."""
