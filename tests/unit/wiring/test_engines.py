from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.settings import EngineSettings, Settings
from omnix_cli.wiring.engines import engine, parse_bytes, resources


@pytest.mark.parametrize(
    ("text", "size"), [("1000000", 1_000_000), ("500MB", 500_000_000), ("4 GiB", 4 << 30), ("1.5kib", 1536)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["lots", "4 bytes", "-1", ""])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a size"):
        parse_bytes(text)


def test_the_settings_bound_what_a_step_may_use() -> None:
    settings = Settings(engine=EngineSettings(threads=3, max_memory="1MB"))
    allowed = resources(settings)
    assert (allowed.threads, allowed.memory_bytes) == (3, 1_000_000)
    assert engine(settings).name == "polars"
