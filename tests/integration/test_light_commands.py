"""Commands load only what they use: a look-up none of what computes, a night without news none of what fits models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli import conftest as shops
from tests.cli.conftest import Omnix

omnix, shop, ran = shops.omnix, shops.shop, shops.ran  # the fixtures

SOURCES = """
[[imports.sources]]
kind = "products"
files = ["products.csv"]

[[imports.sources]]
kind = "purchases"
files = ["purchases.csv"]
"""
FITS_MODELS = ("scipy", "sklearn", "numba", "boto3", "phonenumbers", "pyarrow.parquet", "altair")
COMPUTES = (*FITS_MODELS, "numpy", "dataframely", "pyarrow", "omnix_cli.schemas", "omnix_cli.plan", "omnix_cli.steps")


def loaded(modules: tuple[str, ...], *arguments: str) -> list[str]:
    """Which of the modules a command loads."""
    script = (
        f"import sys; from omnix_cli.cli import main; code = main({list(arguments)!r}); "
        f"print(code, *[name for name in {modules!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, *names = ended.stderr.splitlines()[-1].split()
    assert code == "0", ended.stderr
    return names


QUESTIONS = (
    ("recommendations", "c01"),
    ("recommendations", "nobody"),
    ("similar", "milk"),
    ("due",),
    ("trending",),
    ("seasonal",),
    ("customer", "c01"),
    ("customer", "c01", "--profile"),
)


def test_a_look_up_loads_nothing_that_computes(ran: Omnix) -> None:
    others = ("rich", "omnix_cli.cli.imports")
    for question in QUESTIONS:
        assert loaded((*COMPUTES, *others), "show", *question, "--format", "json") == [], question
    for number in range(2):  # each corrects all rows of the one before
        arguments = ("--set", f"store_location=shop {number}")
        assert ran("import", "purchases", "purchases.csv", *arguments).code == 0
    assert loaded(COMPUTES, "show", "recommendations", "nobody", "--format", "json") == []


def test_a_night_without_news_loads_nothing_that_fits_models(ran: Omnix) -> None:
    Path("omnix.toml").write_text(SOURCES)
    assert ran("run").code == 0
    for command in ("publish", "run"):
        assert loaded(FITS_MODELS, command) == [], command
