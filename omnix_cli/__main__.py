"""`omnix` and `python -m omnix_cli`."""

from omnix_cli.errors import Interrupted
from omnix_cli.processes import stop_signals


def run() -> None:
    """Runs the command line and exits with its exit code."""
    try:
        stop_signals.install()
        from omnix_cli.cli import main  # imported here so that Ctrl-C during loading shows no traceback

        stop_signals.end(main())
    except (KeyboardInterrupt, Interrupted):
        stop_signals.end(Interrupted.exit_code)


if __name__ == "__main__":
    run()
