"""`omnix privacy report`: what leaves the machine, the floors of small groups, and how long things are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from omnix_cli.cli.options import OutputSession, command
from omnix_cli.cli.store_commands.shown_documents import write_document, write_items

if TYPE_CHECKING:
    from omnix_cli.services.privacy.outgoing_data import PrivacyReport

app = typer.Typer(name="privacy", help="Show what leaves this machine, and how long things are kept.")


@app.callback()
def privacy() -> None:
    """Show what leaves this machine, and how long things are kept."""


@command(app, "omnix privacy report --format json")
def report(session: OutputSession) -> None:
    """Show which field goes to which service and region, by which command and under which consent; the smallest groups
    that figures are about; and after how many days what is removed. Nothing is sent."""
    found = session.workspace.privacy.report()
    if session.format == "json":
        write_document(session, found.values(), title="Privacy")
        return
    brief = ("about", "service", "region", "command", "field", "form", "consent", "value")
    write_items(session, list(_rows(found)), title="Privacy", brief=brief)


def _rows(found: PrivacyReport) -> Iterator[dict[str, Any]]:
    for one in found.leaves:
        values = {name: getattr(one, name) for name in ("service", "region", "command", "field", "form", "consent")}
        yield {"about": "leaves" if one.active else "would leave", **values}
    for floor in found.floors:
        yield {"about": "floor", "command": ", ".join(floor.steps), "field": floor.setting, "value": str(floor.value)}
    for name, days in found.retention.items():
        yield {"about": "retention", "field": f"retention.{name}", "value": "for ever" if days is None else f"{days:g}"}
