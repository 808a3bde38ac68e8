"""`workspace.runs`: what earlier runs used and made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from omnix_cli.api.opening import Opening

if TYPE_CHECKING:
    from omnix_cli.records import RunRecord
    from omnix_cli.services.runs.past_runs import PruneReport, RunComparison


@dataclass(frozen=True)
class Runs:
    """The records of the runs of a workspace. A run is named by its id, the beginning of one, or `latest`."""

    opening: Opening

    def list(self, *, limit: int = 20) -> list[RunRecord]:
        """The newest runs, newest first: in the order in which they began, whatever their clocks said."""
        from omnix_cli.services.runs.past_runs import warn_of_future

        records = self.opening.results().records
        warn_of_future(records, self.opening.now())
        return list(islice(records.newest_first(), limit))

    def show(self, run: str = "latest") -> RunRecord:
        """One run and its steps."""
        return self.opening.results().records.load(run)

    def diff(self, before: str, after: str = "latest") -> RunComparison:
        """What differs between two runs: settings, sources, and each step's key, rows and figures."""
        from omnix_cli.services.runs.past_runs import compare

        records = self.opening.results().records
        return compare(records.load(before), records.load(after))

    def prune(self, *, keep: int = 10, dry_run: bool = False) -> PruneReport:
        """Removes old runs and the checkpoints that nothing needs any more; import batches stay."""
        with self.opening.locked("runs prune", dry_run=dry_run) as workspace:
            return workspace.prune(keep=keep, dry_run=dry_run)
