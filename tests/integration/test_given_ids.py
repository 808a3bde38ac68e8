"""Lines with ids of their own: the last statement about an id counts, in any cut of a log into files and imports."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.mappings import parse_mapping
from omnix_cli.services.importing.imports import import_files
from tests.importing import assert_conserved, current_rows, importer, write
from tests.integration.test_line_identity import CANCELS

HEADER = "purchase_id,customer_id,order_id,product_id,quantity,unit_price,purchased_at,status"
COLUMNS = {"columns": {"purchase_id": "purchase_id"}}
CHANGE = st.tuples(st.sampled_from([1, 2]), st.sampled_from(["ok", "ok", "cancelled"]))
SIZES: list[dict[str, Any]] = [{}, {"seen_rows": 0}, {"run_rows": 2}]


def row(line: str, quantity: int, status: str) -> str:
    return f"{line},B,1,milk,{quantity},1.25,2019-03-01 08:00:00,{status}"


@st.composite
def exports(draw: st.DrawFn) -> tuple[list[tuple[int, str]], list[list[list[tuple[int, str]]]]]:
    """A log of one id, and imports of stretches of it, each cut into two files."""
    log = draw(st.lists(CHANGE, min_size=1, max_size=6))
    imports, ends = [], sorted(draw(st.lists(st.integers(1, len(log)), min_size=1, max_size=3)))
    for end in ends:
        rows = log[draw(st.integers(0, end - 1)) : end]
        at = draw(st.integers(0, len(rows)))
        imports.append([piece for piece in (rows[:at], rows[at:]) if piece])
    return log[: ends[-1]], imports


@settings(deadline=None, max_examples=60)
@given(exports(), st.sampled_from(SIZES), st.booleans(), st.booleans())
def test_the_last_row_of_an_id_counts(
    log_and_imports: Any, sizes: dict[str, Any], among_others: bool, named_alike: bool
) -> None:
    log, imports = log_and_imports
    mapping = parse_mapping("purchases", COLUMNS | CANCELS, where="test")
    with TemporaryDirectory() as folder:
        work = importer(Path(folder) / "work", max_bad=1, **sizes)

        def add(name: str, rows: list[str]) -> str:
            return str(write(Path(folder) / f"{name}.csv", rows, HEADER))

        if among_others:
            import_files(work, [add("others", [row(f"other{number}", 1, "ok") for number in range(100)])], mapping)
        for number, files in enumerate(imports):
            names = [
                add(
                    f"{number}-{place}",
                    [row("a", *one) for one in rows] + ([] if named_alike else [row(f"z{number}{place}", 1, "ok")]),
                )
                for place, rows in enumerate(files)
            ]
            assert_conserved(import_files(work, names, mapping))
        found = current_rows(work).filter(purchase_id="a").select("quantity", "kind").rows()
    quantity, status = log[-1]
    assert found == [(quantity, "purchase")] if status == "ok" else [kind for _, kind in found] == ["cancelled"]
