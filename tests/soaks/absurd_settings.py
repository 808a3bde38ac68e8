"""Gives every setting values that nobody means, and runs the commands that use it.

    python -m tests.soaks.absurd_settings [SHARE] [SEED]

SHARE is the share of all pairs of a setting and a value to try (1). Each must be refused, or do what it says; a
command that takes longer than a few seconds is counted as slow. Ends with 1 when a command ends with 1.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random

from omnix_cli.configuration import SETTING_NAMES
from tests.aws.accounts import use_nobodys_account
from tests.aws.local_server import LocalServer
from tests.cli.conftest import write_shop
from tests.soaks.commands import Slow, Wrong, at_most, inside, omnix, summary, told

SEED = 20261130
SECONDS = 30.0
VALUES = (
    *("0", "-1", "1", "2", "1000000000", "1000000000000000", "9223372036854775807", "1" + "0" * 40),
    *("1e20", "1e308", "-1e308", "1e-300", "inf", "nan", "true"),
    *('""', '" "', '"latest"', '"0001-01-01"', '"9999-12-31"', '"../../outside"', '"(?!POST)["', '"\\u0000"'),
    *('"s3://"', '"localhost:9000"', '"http://[bad"', f'"{"x" * 5000}"', "[]", "{ a = [1] }"),
)
"""TOML."""
_SHOW = (("config", "show"), ("config", "check"))
_RUN = ("run", "--quiet")
_COMMANDS: dict[str, Sequence[Sequence[str]]] = {
    "imports": (("import", "purchases", "purchases.csv", "--quiet", "--dry-run"), ("explain",)),
    "bedrock": (("predict", "--predictor", "bedrock", "-q"), ("predict", "estimate")),
    "bedrock.batch": (("predict", "--predictor", "bedrock-batch", "-q"),),
    "store": (("tables", "status"), ("tables", "create", "--dry-run"), ("publish", "-q", "--store", "dynamodb")),
    "s3": (("runs", "list", "--workspace", "s3://bucket/prefix"),),
}
"""The commands that use the settings of a section; the others are used by a run."""


def main(share: float, seed: int) -> int:
    """Prints how the commands ended."""
    began = time.perf_counter()
    counts, wrong = campaign(share, seed)
    return summary(counts, wrong, f"{sum(counts.values()):,} settings", began)


def campaign(share: float, seed: int = SEED) -> tuple[Counter[str], list[str]]:
    """How trials ended, and what went wrong."""
    pairs = [(name, value) for name in SETTING_NAMES for value in VALUES]
    chosen = Random(seed).sample(pairs, round(share * len(pairs)))
    counts, wrong = Counter[str](), []
    with tempfile.TemporaryDirectory(prefix="omnix-") as folder, inside(Path(folder)), refusing_server() as url:
        write_shop(Path(folder))
        _written(url)
        for command in (("import", "products", "products.csv"), ("import", "purchases", "purchases.csv"), _RUN):
            told(omnix(*command), command[0])
        for name, value in chosen:
            counts[_tried(name, value, url, wrong)] += 1
    return counts, wrong


def _tried(name: str, value: str, url: str, wrong: list[str]) -> str:
    """How the commands ended with a value."""
    _written(url, name, value)
    section = next((one for one in sorted(_COMMANDS, reverse=True) if name.startswith(f"{one}.")), "")
    try:
        with at_most(SECONDS):
            for command in (*_SHOW, *_COMMANDS.get(section, (_RUN,))):
                if told(omnix(*command), " ".join(command), 2, 3, 4, 5).code in (2, 3):
                    return "refused"
    except Slow:
        return "slow"
    except Wrong as error:
        wrong.append(f"{name} = {value[:60]}: {error}")
        return "WRONG"
    return "used"


def _written(url: str, name: str = "", value: str = "") -> None:
    """Writes a configuration in which one setting has this value."""
    settings = {
        "bedrock.endpoint_url": f'"{url}"',
        "bedrock.region": '"us-east-1"',
        "bedrock.pseudonym_secret": '"a secret for invented customers"',
        "bedrock.attempts": "1",
        "bedrock.batch.location": '"s3://bucket/jobs"',
        "bedrock.batch.role_arn": '"arn:aws:iam::123456789012:role/omnix-batch"',
        "bedrock.batch.min_records": "1",
        "privacy.consent_ai_analysis": "true",
        "store.endpoint_url": f'"{url}"',
        "store.region": '"us-east-1"',
        "s3.endpoint_url": f'"{url}"',
        "publish.verify": '"none"',
        **({name: value} if name else {}),
    }
    Path("omnix.toml").write_text("".join(f"{key} = {text}\n" for key, text in settings.items()))


@contextmanager
def refusing_server() -> Iterator[str]:
    """A service that knows nobody: what uses it ends at once."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = b'{"__type": "AccessDeniedException", "message": "not you"}'
            self.send_response(400)
            self.send_header("x-amzn-ErrorType", "AccessDeniedException")
            self.send_header("Content-Length", str(len(content)))
            with suppress(OSError):  # the client may be gone
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with LocalServer(Handler) as server:
        yield server.url


if __name__ == "__main__":
    import pytest

    with pytest.MonkeyPatch.context() as environment:
        use_nobodys_account(environment)
        arguments = sys.argv[1:]
        sys.exit(main(float(arguments[0]) if arguments else 1.0, int(arguments[1]) if arguments[1:] else SEED))
