"""`omnix` and `python -m omnix_cli`."""

import sys

from omnix_cli.cli import main


def run() -> None:
    """Runs the command line and exits with its code."""
    sys.exit(main())


if __name__ == "__main__":
    run()
