from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.services.runs.expectations import BASE_BYTES
from omnix_cli.settings import EngineSettings
from omnix_cli.wiring.memory_limit import parse_bytes, promised_bytes, slice_rows, working_bytes


def test_what_omnix_takes_itself_is_no_part_of_the_work() -> None:
    engine = EngineSettings(max_memory="3GB")
    assert promised_bytes(engine) == 3_000_000_000
    assert working_bytes(engine) == 3_000_000_000 - BASE_BYTES
    assert working_bytes(EngineSettings(max_memory=str(BASE_BYTES))) == 1


def test_without_a_limit_nothing_is_promised() -> None:
    assert promised_bytes(EngineSettings()) is None
    assert working_bytes(EngineSettings()) == 4 << 30
    assert slice_rows(EngineSettings(slice_rows=123_456)) == 123_456


def test_with_less_memory_fewer_rows_are_worked_on_at_a_time() -> None:
    slices = [slice_rows(EngineSettings(max_memory=size)) for size in ("16GB", "1GB", f"{BASE_BYTES}")]
    assert slices == sorted(slices, reverse=True)
    assert slices[0] == EngineSettings().slice_rows > slices[1] > slices[2]


@pytest.mark.parametrize("size", ["1", "100MB", str(BASE_BYTES - 1)])
def test_what_cannot_be_kept_is_refused_with_the_least_that_can(size: str) -> None:
    with pytest.raises(ConfigError, match="cannot be kept") as caught:
        promised_bytes(EngineSettings(max_memory=size))
    assert f"{BASE_BYTES // 1_000_000} MB" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "size"), [("1000000", 1_000_000), ("500MB", 500_000_000), ("4 GiB", 4 << 30), ("1.5kib", 1536)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["lots", "4 bytes", "-1", ""])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a size"):
        parse_bytes(text)
