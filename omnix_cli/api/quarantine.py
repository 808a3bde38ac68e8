"""`workspace.quarantine`: the input rows that could not be imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omnix_cli.api.opening import Opening

if TYPE_CHECKING:
    from omnix_cli.services.importing.quarantine import Discarded, OpenQuarantine
    from omnix_cli.services.importing.reports import ImportReport


@dataclass(frozen=True)
class Quarantine:
    """The `omnix quarantine` commands. `kind` is purchases, products, customers or interactions; `reason` and `file`
    select the rows with this reason or of this input file."""

    opening: Opening

    def show(
        self, kind: str = "purchases", *, reason: str | None = None, file: str | None = None, limit: int = 20
    ) -> OpenQuarantine:
        """The open rows, counted by reason, and the first `limit` of them."""
        from omnix_cli.services.importing.quarantine import quarantine_show

        return quarantine_show(self.opening.read().importer(), kind, reason=reason, file=file, limit=limit)

    def replay(
        self,
        kind: str = "purchases",
        *,
        mapping: str | None = None,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        fixed: Mapping[str, str] | None = None,
        reason: str | None = None,
        file: str | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Reads open rows again with a fixed mapping, or from the fixed copies of their files (`fixed`: quarantined
        name to path), and imports those that are good now."""
        from omnix_cli.services.importing.quarantine import quarantine_replay

        with self.opening.locked("quarantine replay", dry_run=dry_run, imports__timezone=timezone) as workspace:
            how = workspace.mapping(kind, mapping, columns, timezone)
            return quarantine_replay(workspace.importer(), how, fixed=fixed, reason=reason, file=file, dry_run=dry_run)

    def discard(
        self, kind: str = "purchases", *, reason: str | None = None, file: str | None = None, dry_run: bool = False
    ) -> Discarded:
        """Discards open rows: they are not shown or replayed again."""
        from omnix_cli.services.importing.quarantine import quarantine_discard

        with self.opening.locked("quarantine discard", dry_run=dry_run) as workspace:
            return quarantine_discard(workspace.importer(), kind, reason=reason, file=file, dry_run=dry_run)
