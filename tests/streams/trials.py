"""One trial: a delivery is imported, and what stands is what the oracle says, or the reports tell that the files cannot
tell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import strategies as st

from omnix_cli.services.importing.held.run_buffers import RunSizes
from omnix_cli.services.importing.reports import ImportReport
from tests.streams.deliveries import UNTOLD, Delivery, How, Imported, deliveries, found
from tests.streams.exports import Export
from tests.streams.shops import CHANGES, Events, oracle, streams

WITHOUT_IDS = {
    "orders": Export(),
    "orders of three days": Export(days=3),
    "all orders": Export(days=None),
    "log": Export(log=True),
    "log of three days": Export(days=3, log=True),
}
WHOLE = {
    "whole orders": Export(days=3, whole=True),
    "documents": Export(documents=True, whole=True),
    "all documents": Export(days=None, documents=True, whole=True),
}
WITH_IDS = {
    "numbered lines": Export(days=3, ids="line"),
    "lines with ids": Export(days=3, ids="purchase_id"),
    "log of numbered lines": Export(log=True, ids="line"),
    "log of lines with ids": Export(days=3, log=True, ids="purchase_id"),
}
EXPORTS = WITHOUT_IDS | WHOLE | WITH_IDS
"""What systems export."""


class Trial(NamedTuple):
    """What happened, what was delivered, and how much the import holds in memory."""

    events: Events
    delivery: Delivery
    sizes: dict[str, int]


@st.composite
def trials(draw: st.DrawFn, exports: dict[str, Export], hows: tuple[How, ...], *, changed_at: bool = False) -> Trial:
    """Trials of these exports, imported in one of these ways."""
    export = exports[draw(st.sampled_from(sorted(exports)))]._replace(changed_at=changed_at)
    events = draw(stream_for(export))
    delivery = draw(deliveries(events, export, draw(st.sampled_from(hows))))
    few = st.fixed_dictionaries(
        {"run_rows": st.integers(1, 5), "compared_rows": st.integers(2, 9), "seen_rows": st.just(RunSizes().seen_rows)}
    )
    sizes = draw(st.just({}) | few | st.just({"seen_rows": 0}))
    return Trial(events, delivery, sizes)


def stream_for(export: Export) -> st.SearchStrategy[Events]:
    """Events that such an export can tell of: documents have ids of their own; a log without ids of lines cannot say
    which line changes, and one with ids cannot give an id to a guest and an account."""
    if export.documents:
        return streams(numberings=("chain", "daily", "shops"))
    if export.log and not export.ids:
        return streams(changes=("cancel", "complete", "remove"), equal_lines=False) | streams(
            changes=("cancel", "complete")
        )
    if export.log and export.ids == "purchase_id":
        return streams(changes=[change for change in CHANGES if change != "claim"])
    return streams()


def run(trial: Trial) -> None:
    """Imports a delivery and compares what stands with the oracle; then imports it again, which changes nothing."""
    with TemporaryDirectory(prefix="omnix-streams-") as folder:
        work = Imported(Path(folder), trial.delivery.export, **trial.sizes)
        paths = [work.paths(files) for files in trial.delivery.imports]
        reports = [work.add(files) for files in paths]
        wanted, stands = oracle(trial.events), work.standing()
        if stands != wanted:
            doubts = {untold.__name__: codes for untold, codes in UNTOLD.items() if untold(trial.delivery)}
            assert doubts, (wanted - stands, stands - wanted)
            codes = told(reports)
            assert all(sum(codes[code] for code in some) for some in doubts.values()), (doubts, codes)
            return
        assert sum(line[-1] * times for line, times in stands.items()) == sum(
            line[-1] * times for line, times in wanted.items()
        )
        copies = work.paths(trial.delivery.imports[-1])
        # A copy of the file before it is not read and leaves no record: later it is a statement of its own.
        recorded = [files for files, report in zip(paths, reports, strict=True) if report.batch]
        for files in (*recorded, *([copies] if reports[-1].batch else [])):
            report = work.add(files)
            assert (report.accepted, report.known + report.expected) == (0, report.read)
        assert work.standing() == wanted


def told(reports: list[ImportReport]) -> Counter[str]:
    """What the reports tell, by code, and how many rows were known."""
    return sum((Counter(found(report)) + Counter(known=report.known) for report in reports), Counter[str]())
