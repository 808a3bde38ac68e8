"""How exports are delivered, what then stands, and where the files cannot tell what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

from hypothesis import strategies as st

from omnix_cli.mappings import parse_mapping
from omnix_cli.services.importing.imports import import_files
from omnix_cli.services.importing.reports import ImportReport
from tests.importing import assert_conserved, current_rows, importer
from tests.streams.exports import Export, Rows, cut, nights, write
from tests.streams.shops import Event, Events, Line, Receipt, Standing

How = Literal["nightly", "at once", "shuffled", "apart", "torn"]
"""Each night's files are an import; all files are one, in order or not; or each file is an import, cut between receipts
or anywhere."""


class Delivery(NamedTuple):
    """The files of each import."""

    export: Export
    imports: tuple[tuple[Rows, ...], ...]


@st.composite
def deliveries(draw: st.DrawFn, events: Events, export: Export, how: How) -> Delivery:
    """The exports of all nights, cut into files; where an import must have whole orders, between receipts only."""
    anywhere = not export.whole and how != "apart"
    files = [draw(cut(rows, anywhere=anywhere)) for rows in nights(events, export)]
    if how == "nightly":
        return Delivery(export, tuple(files))
    all_files = [file for night in files for file in night]
    if how == "shuffled":
        all_files = draw(st.permutations(all_files))
    apart = how in ("apart", "torn")
    return Delivery(export, tuple((file,) for file in all_files) if apart else (tuple(all_files),))


class Imported:
    """A workspace into which deliveries are imported."""

    def __init__(self, folder: Path, export: Export, **settings: Any) -> None:
        self.folder, self.export, self.files = folder, export, 0
        self.work = importer(folder / "work", max_bad=1, **settings)
        self.mapping = parse_mapping("purchases", export.mapping, where="test")

    def paths(self, files: tuple[Rows, ...]) -> list[Path]:
        """Writes files of new names, in order."""
        self.files += len(files)
        first = self.files - len(files)
        return [write(file, self.export, self.folder / f"{first + at:03}") for at, file in enumerate(files)]

    def add(self, paths: list[Path]) -> ImportReport:
        report = import_files(self.work, [str(path) for path in paths], self.mapping)
        assert_conserved(report)
        return report

    def standing(self) -> Counter[Standing]:
        """The lines that stand, as the oracle has them."""
        rows = current_rows(self.work)
        rows = rows.filter(rows["kind"] != "cancelled")
        names = "store_location", "order_id", "purchase_day", "customer_id", "product_id", "kind", "quantity"
        return Counter((*row[:-1], int(row[-1] * 100)) for row in rows.select(*names, "total_price").iter_rows())


def found(report: ImportReport) -> dict[str, int]:
    return {finding.code: finding.rows for finding in report.findings}


def equal_at_cuts(delivery: Delivery) -> int:
    """Files without ids of lines cannot tell whether equal lines of one order, of which one ends a file and the other
    begins the next, are one line or two."""
    if delivery.export.ids:
        return 0
    return sum(
        len(_contents(first) & _contents(second))
        for first, second in _cuts(delivery)
        if first[0].night == second[0].night and first[0].receipt.order
    )


def equal_without_a_number(delivery: Delivery) -> int:
    """Files without ids of lines cannot tell whether equal lines of one minute in two files, of a receipt without a
    number, are one line or two."""
    if delivery.export.ids:
        return 0
    return sum(
        len(_contents(first) & _contents(second))
        for files in delivery.imports
        for first, second in combinations((tuple(row for row in rows if not row.receipt.order) for rows in files), 2)
    )


def corrected_at_cuts(delivery: Delivery) -> int:
    """Files without ids of lines or the time of a change cannot tell whether an order at the end of one file and the
    beginning of another goes on there or is corrected; a cancellation is no correction."""
    if delivery.export.changed_at or delivery.export.ids:
        return 0
    return sum(_facts(first[0].receipt) != _facts(second[0].receipt) for first, second in _cuts(delivery))


def cancelled_at_cuts(delivery: Delivery) -> int:
    """Files without ids of lines cannot tell whether cancelled lines that begin a file are news of the order that ends
    the file before, or its other lines; documents can."""
    if delivery.export.ids or delivery.export.documents:
        return 0
    return sum(
        all(row.line.cancelled or row.receipt.cancelled for row in second if row.line.product == product)
        for first, second in _cuts(delivery)
        for product in {row.line.product for row in first} & {row.line.product for row in second}
        if first[0].night == second[0].night and first[0].receipt.order
    )


def equal_lines_that_differ(delivery: Delivery) -> int:
    """Files without ids of lines cannot tell whether a line and an equal cancelled one are one line or two."""
    export = delivery.export
    if export.ids or export.documents:
        return 0
    receipts = {row.receipt for files in delivery.imports for rows in files for row in rows}
    receipts = {one for one in receipts if not (export.whole and one.order)}
    return sum(
        len({line.cancelled for line in receipt.lines if (line.product, line.quantity) == content}) > 1
        for receipt in receipts
        for content in {(line.product, line.quantity) for line in receipt.lines}
    )


def claimed_in_a_file(delivery: Delivery) -> int:
    """A file that has an order of a guest, and later the same order of an account, cannot tell that they are one."""
    if not delivery.export.log:
        return 0
    return sum(
        len({row.receipt.customer for row in rows if row.receipt.key == key}) > 1
        for files in delivery.imports
        for rows in files
        for key in {row.receipt.key for row in rows}
    )


def torn(delivery: Delivery) -> int:
    """Files that are imported one after the other cannot tell whether a receipt, of which a part was in the last one,
    goes on or is corrected, or whether an equal line is a second one."""
    return sum(
        first[-1].receipt.key == second[0].receipt.key and first[0].night == second[0].night
        for (*_, first), (second, *_) in pairwise(delivery.imports)
    )


UNTOLD = {
    claimed_in_a_file: ["shared_line_number"],
    equal_without_a_number: ["known"],
    equal_at_cuts: ["equal_at_cut", "joined_at_cut", "cancelled_at_cut"],
    corrected_at_cuts: ["joined_at_cut"],
    cancelled_at_cuts: ["cancelled_at_cut", "joined_at_cut"],
    equal_lines_that_differ: ["cancelled_in_file", "joined_at_cut", "cancelled_at_cut"],
    torn: ["replaced_at_edge", "known"],
}
"""Where files cannot tell, and the findings of which one then tells."""


def _cuts(delivery: Delivery) -> Iterator[tuple[Rows, Rows]]:
    """The parts of the same receipt at the end of one file and the beginning of another, of one import."""
    for files in delivery.imports:
        for first, second in combinations(files, 2):
            for end, begin in ((first[-1], second[0]), (first[0], second[-1])):
                if (key := end.receipt.key) == begin.receipt.key:
                    yield (
                        tuple(row for row in first if row.receipt.key == key),
                        tuple(row for row in second if row.receipt.key == key),
                    )
                    break


def _contents(rows: Rows) -> set[tuple[Event, str, int]]:
    return {(row.event, row.line.product, row.line.quantity) for row in rows if row.line}


def _facts(receipt: Receipt) -> tuple[str, tuple[Line, ...]]:
    return receipt.customer, tuple(replace(line, cancelled=False) for line in receipt.lines)
