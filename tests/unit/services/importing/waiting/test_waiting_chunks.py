from __future__ import annotations

from contextlib import nullcontext

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.waiting.waiting_chunks import waiting_chunks
from tests.unit.services.importing.stages import Held


def test_chunks_come_back_in_order_with_their_columns_and_only_once() -> None:
    mapping, none = ColumnMapping(kind="purchases"), FRAMES["quarantine"].empty()
    chunks = [pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]}), pl.DataFrame({"a": [3], "b": [4]})]
    with waiting_chunks(lambda: nullcontext(Held())) as waiting:  # type: ignore[arg-type,return-value]
        for rows in chunks:
            waiting.add(rows, none, mapping)
        back = [rows for rows, _, _ in waiting.take() if rows.height]
        assert [rows.rows() for rows in back] == [[(1,)], [(2,)], [(3, 4)]]
        assert not list(waiting.take())
