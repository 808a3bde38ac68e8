"""`omnix check`: what looks wrong in the imported data, and whether the reasons of a run are true."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import typer

from omnix_cli.cli.options import Chosen, Limit, OutputSession, command, note, render
from omnix_cli.counted_nouns import counted

if TYPE_CHECKING:
    from omnix_cli.services.lookups.reason_checks import ReasonCheck

app = typer.Typer(name="check", help="Check the imported data, and what runs say about it.", no_args_is_help=True)


@command(app, "omnix check data --format json")
def data(session: OutputSession) -> None:
    """Show what looks wrong in the imported data. For each finding: how many rows, an example, and what to do."""
    session.write_records(session.workspace.check_data(), ("code", "rows", "text", "hint"), title="Findings")


@command(app, "omnix check reasons --limit 5")
def reasons(
    session: OutputSession,
    chosen: Chosen,
    limit: Limit = 3,
) -> None:
    """Check that the reasons of a run are true. Counts what each sentence claims from the imported rows, and shows how
    many are wrong, with at most --limit examples of a kind. Exit code 5 if any is."""
    call = partial(session.workspace.check_reasons, limit=limit, **vars(chosen))
    render(call, partial(_show_reasons, session))


def _show_reasons(session: OutputSession, report: ReasonCheck) -> None:
    session.write(report.kinds, title="Reasons")
    if report.unread:
        note(f"{counted(report.unread, 'reason')} in a model's own words cannot be checked")
