"""Finds code that nobody uses, with vulture and the reviewed names below: `python -m tests.dead_code`.

A new finding is removed, or gets a line here that says who uses it. A line that is no longer needed fails as well.
What only tests call is dead too, so the tests are not read; the benchmarks are, since they are tools of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[1]
COLUMNS = {
    "schemas.py",
    "customer_records.py",
    "model_answers.py",
    "offering.py",
    "openapi.py",
    "quality.py",
    "ranked.py",
    "shopping.py",
}
"""Files whose variables are columns of frames or fields of documents: others name them as text."""
DECORATORS = ["@command", "@*.command", "@*.callback", "@*_validator", "@*.rule", "@router.*"]
"""What typer, pydantic, dataframely and FastAPI call by themselves."""
USED = {
    "__annotations__": "typer reads it",
    "__getattr__": "Python calls it for names that are loaded when asked for",
    "__signature__": "typer reads it",
    "contended": "a figure of publish: profiles that others changed all the time",
    "created_at": "a line of a checkpoint's manifest",
    "eof_received": "asyncio calls it",
    "send_400_response": "uvicorn calls it",
    "msg": "uvicorn gives it by name",
    "input_tokens": "a column of `omnix predict compare` and `omnix predict prompts test`",
    "into": "a view: the array below it changes",
    "invalid_share": "a column of `omnix predict compare`",
    "is_valid": "a column of `omnix predict prompts test`",
    "keep_alive": "uvicorn reads it",
    "median_error_days": "a column of `omnix predict compare`",
    "media_type": "starlette reads it",
    "model_config": "pydantic reads it",
    "openapi": "FastAPI calls it",
    "output_tokens": "a column of `omnix predict compare` and `omnix predict prompts test`",
    "probability_28d": "a member of the answer of a model",
    "raiseExceptions": "logging reads it",
    "readinto": "io.RawIOBase calls it",
    "scheduler": "a column of the table of exit codes in the README",
    "searched_bytes": "a line of the receipt of a forgotten customer",
    "searched_files": "a line of the receipt of a forgotten customer",
    "signed_with": "a line of the receipt of a forgotten customer",
    "to_do": "a column of `omnix tables status`",
    "tools": "a line of manifests and run records",
    "total_tokens": "anyio reads it",
    "trace": "an argument of __exit__",
}


def main() -> int:
    """Prints what is dead, and which reviewed names are not needed any more."""
    vulture = Vulture(ignore_decorators=DECORATORS)
    vulture.scavenge([str(ROOT / "omnix_cli"), str(ROOT / "tests" / "benchmarks")])
    found = [
        item
        for item in vulture.get_unused_code()
        if "omnix_cli" in item.filename.parts and not (item.typ == "variable" and item.filename.name in COLUMNS)
    ]
    dead = [item for item in found if item.name not in USED]
    for item in dead:
        print(f"{item.filename.relative_to(ROOT)}:{item.first_lineno}: unused {item.typ} {item.name}")
    needless = sorted(USED.keys() - {item.name for item in found})
    for name in needless:
        print(f"tests/dead_code.py: {name} is used, or gone; take it off the list")
    return int(bool(dead or needless))


if __name__ == "__main__":
    sys.exit(main())
