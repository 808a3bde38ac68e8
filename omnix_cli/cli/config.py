"""`omnix config show | check`."""

from __future__ import annotations

import typer

from omnix_cli.cli.options import Output, Session, expand, note

app = typer.Typer(help="Show and check the settings.", no_args_is_help=True)


@app.command(epilog="Example: omnix config show --config configs/sample.toml --format json")
@expand
def show(session: Session, output: Output) -> None:
    """Show every setting, its value, and where the value comes from."""
    from omnix_cli.reports.printed_tables import settings_table

    origins = session.workspace.settings().origins
    typed = [{"setting": one.name, "value": one.value, "source": one.source} for one in origins]
    output.write(settings_table(origins), title="Settings", objects=typed)


@app.command(epilog="Example: omnix config check --config configs/sample.toml")
@expand
def check(session: Session) -> None:
    """Check the settings and the files, tables and buckets that they name; exit code 2 if something is wrong."""
    note("\n".join(session.workspace.check()))
