"""`omnix` and `python -m omnix_cli`."""

import sys


def run() -> None:
    """Runs the command line and exits with its code."""
    try:
        from omnix_cli.cli import main  # here, so that Ctrl-C while it loads is no traceback

        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    run()
