from __future__ import annotations

from datetime import UTC, datetime

import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.lakehouse.snapshots import table_roots, version_at


def test_tables_are_found_by_their_logs() -> None:
    names = ["_delta_log/0.json", "x.parquet"]
    assert table_roots(names) == {".": "Delta"}
    names = ["a/t/_delta_log/0.json", "a/t/x/_delta_log/0.json", "b/metadata/v1.metadata.json", "c/metadata/x.json"]
    assert table_roots(names) == {"a/t": "Delta", "b": "Iceberg"}


def test_the_version_at_a_time_is_the_last_one_before_it() -> None:
    history = [(0, datetime(2024, 1, 1, tzinfo=UTC)), (1, datetime(2024, 1, 3, tzinfo=UTC))]
    assert version_at("t", "2024-01-02", history) == 0
    assert version_at("t", "2024-01-03T01:00:00+01:00", history) == 1
    for known in (history, []):
        with pytest.raises(DataError, match="no version of 2023-12-31"):
            version_at("t", "2023-12-31", known)
