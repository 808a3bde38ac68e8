"""`omnix config show | check`."""

from __future__ import annotations

import typer

from omnix_cli.cli.options import Output, Session, expand, note

app = typer.Typer(help="The settings in force and where each came from.", no_args_is_help=True)


@app.command(epilog="Example: omnix config show --config configs/sample.toml --format json")
@expand
def show(session: Session, output: Output) -> None:
    """Show every setting, its value, and where the value came from."""
    from omnix_cli.reports.tables import settings_table

    origins = session.load().origins
    typed = [{"setting": one.name, "value": one.value, "source": one.source} for one in origins]
    output.write(settings_table(origins), title="Settings", objects=typed)


@app.command(epilog="Example: omnix config check --config configs/sample.toml")
@expand
def check(session: Session) -> None:
    """Check the configuration and what it points to; ends with exit code 2 when something is wrong."""
    from omnix_cli.wiring.configuration import check_configuration

    for line in check_configuration(session.load().values):
        note(line)
