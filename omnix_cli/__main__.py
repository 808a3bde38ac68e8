"""`omnix` and `python -m omnix_cli`."""

import sys


def run() -> None:
    """Runs the command line and exits with its exit code."""
    try:
        from omnix_cli.cli import main  # imported here so that Ctrl-C during loading shows no traceback

        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    run()
