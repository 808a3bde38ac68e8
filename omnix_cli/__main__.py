"""`omnix` and `python -m omnix_cli`."""

import gc

from omnix_cli.errors import Interrupted
from omnix_cli.processes import stop_signals


def run() -> None:
    """Runs the command line and exits with its exit code."""
    # Loading the libraries makes 90,000 objects that stay. To look through them at every 700 new ones, as Python does,
    # takes a sixth of a look-up.
    gc.set_threshold(100_000)
    try:
        stop_signals.install()
        from omnix_cli.cli import main  # imported here so that Ctrl-C during loading shows no traceback

        stop_signals.end(main())
    except (KeyboardInterrupt, Interrupted):
        stop_signals.end(Interrupted.exit_code)


if __name__ == "__main__":
    run()
