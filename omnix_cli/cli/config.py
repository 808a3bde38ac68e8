"""`omnix config show | check`."""

from __future__ import annotations

import typer

from omnix_cli.cli.options import OutputSession, Session, command, note

app = typer.Typer(name="config", help="Show and check the settings.", no_args_is_help=True)


@command(app, "omnix config show --config configs/sample.toml --format json")
def show(session: OutputSession) -> None:
    """Show every setting, its value, and where the value comes from."""
    from omnix_cli.reports.output import records_table

    origins = session.workspace.settings().origins
    typed = [{"setting": one.name, "value": one.value, "source": one.source} for one in origins]
    table = records_table(origins, ("name", "value", "source")).rename({"name": "setting"})
    session.write(table, title="Settings", objects=typed)


@command(app, "omnix config check --config configs/sample.toml")
def check(session: Session) -> None:
    """Check the settings and the files, tables and buckets that they name; exit code 2 if something is wrong."""
    for line in session.workspace.check():
        note(line)
