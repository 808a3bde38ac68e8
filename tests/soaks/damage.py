"""Damages one file at a time of a workspace, an export and a copy of tables, then runs commands as a user would.

    python -m tests.soaks.damage [TRIALS] [SEED]

Bytes are flipped, files are cut, emptied, exchanged and replaced by others of another shape. Every command must then
end with the right code, or print what it prints in the undamaged workspace; what a run can build again must come out
as it was. Ends with 1, and lists the trials, when one does not.
"""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson
import polars as pl

from omnix_cli import open_workspace
from omnix_cli.api.tables import Tables
from omnix_cli.errors import Interrupted
from omnix_cli.protocols.progress import NoProgress
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from tests.cli.conftest import write_shop
from tests.questions import MOMENT, questions, reply
from tests.soaks.commands import Answer, Wrong, inside, omnix, summary, told

TRIALS = 500
SEED = 20261129
OTHER = ("path=other.sqlite", "stage=prod")
TABLE = "recommendations"
READS: tuple[tuple[str, ...], ...] = (
    ("show", "due"),
    ("show", "recommendations", "c01"),
    ("show", "similar", "milk"),
    ("show", "customer", "c01"),
    ("show", "trending"),
    ("show", "seasonal", "--season", "autumn"),
    ("check", "data"),
    ("quarantine", "show", "--rows"),
    ("runs", "list"),
    ("runs", "show", "latest"),
    ("explain",),
)
RESULTS = READS[:8]
"""What a repaired workspace must print as before; the others also tell what was run."""
TOLD = {2, 3, 4}
"""The codes of a damaged file; it is never a bug of omnix."""
FILES = {"purchases": ("purchases.csv", "corrections.csv"), "products": ("products.csv",)}


def read(command: tuple[str, ...]) -> Answer:
    return omnix(*command, "--format", "json", "--quiet")


def ended(*arguments: str, codes: Sequence[int] = ()) -> Answer:
    """A command that ends well, tells of damage, or ends with one of these codes."""
    return told(omnix(*arguments, "--quiet"), " ".join(arguments), *TOLD, *codes)


def done(*arguments: str) -> None:
    answer = omnix(*arguments, "--quiet")
    if answer.code not in (0, 5):
        raise SystemExit(f"omnix {' '.join(arguments)} ended with {answer.code}: {answer.err}")


class _Kill(NoProgress):
    """Stops a command after so many items."""

    def __init__(self, items: int) -> None:
        self._left = items

    def advance(self, done: int) -> None:
        self._left -= done
        if self._left < 0:
            raise Interrupted("killed")


@dataclass
class Truth:
    """What commands print, and what tables hold, in the undamaged folder."""

    reads: dict[tuple[str, ...], str] = field(default_factory=dict)
    store: dict[str, Any] = field(default_factory=dict)
    """The items of the store."""
    before: dict[str, Any] = field(default_factory=dict)
    """The items of the other store before it was copied to."""


def items(path: str, stage: str = "dev") -> dict[str, Any]:
    """The items of the table in a SQLite file."""
    name = f"omnix-ai-{TABLE}-{stage}"
    with closing(sqlite3.connect(path)) as database:
        return {key: json.loads(text) for key, text in database.execute(f'SELECT id, document FROM "{name}"')}


def build(folder: Path) -> Truth:
    """A shop with imports, corrections, quarantined rows, two runs, an export, a copy of tables, a killed export and a
    killed copy."""
    write_shop(folder)
    lines = (folder / "purchases.csv").read_text().splitlines()
    changed = [line.replace(",1,2.50", ",2,5.00") for line in lines[1:40]]
    wrong = [line.replace(",1,2.50", ",many,2.50") for line in lines[40:43]]
    (folder / "corrections.csv").write_text("\n".join([lines[0], *changed, *wrong]) + "\n")
    (folder / "omnix.toml").write_text('[imports]\nmax_bad = 0.5\n[publish]\nverify = "all"\nlifetime_days = 3650\n')
    done("import", "products", "products.csv")
    done("import", "purchases", "purchases.csv")
    done("run")
    done("tables", "create")
    with closing(sqlite3.connect(".omnix/store.sqlite")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(".omnix/store.sqlite", "other.sqlite")
    with closing(sqlite3.connect("other.sqlite")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            database.execute(f'ALTER TABLE "{name}" RENAME TO "{name.replace("-dev", "-prod")}"')
    done("import", "purchases", "corrections.csv")
    done("run")
    for read_once in (("check", "data"), ("explain",)):
        done(*read_once)
    to = [part for one in OTHER for part in ("--to", one)]
    truth = Truth(before=items("other.sqlite", "prod"), store=items(".omnix/store.sqlite"))
    done("tables", "export", TABLE, "--to", "backup")
    with SqliteAnswers(Path(".omnix/answers.sqlite"), now=lambda: MOMENT) as answers:
        answers.keep_all((reply(one), one) for one in questions(20))
    small = Tables(open_workspace(config="omnix.toml").opening, chunk_items=7, part_items=9)
    for stopped in (
        lambda: small.export([TABLE], "half", progress=_Kill(20)),
        lambda: small.copy([TABLE], target=OTHER, progress=_Kill(20)),
    ):
        try:
            stopped()
        except Interrupted:
            continue
        raise SystemExit("a command was not stopped half-way")
    shutil.copytree(".omnix/migrations", "killed-copy")
    shutil.copy("other.sqlite", "half.sqlite")
    done("tables", "copy", TABLE, *to)
    truth.reads = {command: read(command).out for command in READS}
    return truth


Damage = Callable[[bytes, Random], bytes]


def flip(content: bytes, random: Random) -> bytes:
    """One to eight bits are another value."""
    changed = bytearray(content or b"\0")
    for _ in range(random.choice((1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def emptied(content: bytes, random: Random) -> bytes:
    return b""


def zeroed(content: bytes, random: Random) -> bytes:
    """As after a power cut: the length is right, a stretch is zeros."""
    start = random.randrange(len(content) + 1)
    return content[:start] + bytes(min(4096, len(content) - start)) + content[start + 4096 :]


def other_json(content: bytes, random: Random) -> bytes:
    """Well-formed, of another shape."""
    shapes = (b"null", b"[]", b"{}", b"0", b'"text"', b"[1, 2]", b'{"a": {"b": []}}', b"true", b"[null]", b"[[]]")
    return random.choice((*shapes, b"[" * 5000 + b"]" * 5000))


def other_value(content: bytes, random: Random) -> bytes:
    """One value anywhere inside is of another type or size, absent, or has another name."""
    try:
        whole = orjson.loads(content)
    except ValueError:
        return b"{}"
    places = list(_places(whole))
    if not places:
        return b"[]"
    inside, key = random.choice(places)
    odd = (None, [], {}, 0, -1, 10**18, 1.5, "text", "../../outside", True, [None], {"a": 1}, "")
    what = random.randrange(6)
    if what == 0:
        del inside[key]
    elif what == 1 and isinstance(inside, dict):
        inside[f"{key}x"] = inside.pop(key)
    else:
        inside[key] = random.choice(odd)
    return orjson.dumps(whole)


def unsealed_value(content: bytes, random: Random) -> bytes:
    """The same in a file of an earlier release, which has no checksum: only its shape can show the damage."""
    try:
        whole = orjson.loads(content)
    except ValueError:
        return b"{}"
    for record in whole if isinstance(whole, list) else [whole]:
        record.pop("sha256", None)
    return other_value(orjson.dumps(whole), random)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def other_frame(content: bytes, random: Random) -> bytes:
    """Parquet with other columns, other types, or no rows."""
    try:
        rows = pl.read_parquet(content)
    except Exception:
        return b"PAR1"
    frames = (
        lambda: pl.DataFrame({"a": [1, 2]}),
        lambda: rows.clear(),
        lambda: rows.with_columns(pl.all().cast(pl.String, strict=False) if rows.width else pl.lit(1)),
        lambda: rows.drop(rows.columns[0]) if rows.width else rows,
    )
    file = io.BytesIO()
    try:
        random.choice(frames)().write_parquet(file)
    except pl.exceptions.PolarsError:
        pl.DataFrame({"a": [1]}).write_parquet(file)
    return file.getvalue()


def other_table(content: bytes, random: Random) -> bytes:
    """SQLite with the same tables and other columns, with items that are none, or without tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                _spoil(database, random)
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            return b"SQLite format 3\0"
        return path.read_bytes()


def _spoil(database: sqlite3.Connection, random: Random) -> None:
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    for name in names:
        columns = [row[1] for row in database.execute("SELECT * FROM pragma_table_info(?)", (name,))]
        what = random.randrange(5)
        if what == 0:
            database.execute(f'DROP TABLE "{name}"')
        elif what == 1:
            database.execute(f'DROP TABLE "{name}"')
            database.execute(f'CREATE TABLE "{name}" (a TEXT, b INTEGER)')
            database.execute(f'INSERT INTO "{name}" VALUES (?, 1)', ("x",))
        elif what == 2:
            odd = random.choice(("[]", "null", "1", "{", "", '{"id": 1}', '{"$set": 1}', b"\xff\xfe", 7))
            database.execute(f'UPDATE "{name}" SET "{columns[-1]}" = ?', (odd,))
        elif what == 3:
            database.execute(f'ALTER TABLE "{name}" RENAME COLUMN "{columns[-1]}" TO other')


JSON: tuple[Damage, ...] = (
    *(flip, flip, cut, emptied, zeroed, other_json, other_json),
    *(other_value, other_value, unsealed_value, unsealed_value),
)
PARQUET: tuple[Damage, ...] = (flip, flip, cut, emptied, zeroed, other_frame, other_frame)
SQLITE: tuple[Damage, ...] = (flip, cut, emptied, zeroed, other_table, other_table, other_table)
KINDS: Mapping[str, tuple[Damage, ...]] = {".json": JSON, ".parquet": PARQUET, ".sqlite": SQLITE}


@dataclass(frozen=True)
class Trial:
    """One file and what happens to it."""

    number: int
    file: Path
    damage: Damage

    def __str__(self) -> str:
        return f"{self.number} {self.damage.__name__} {self.file}"


class Different(Wrong):
    """A command ended well with another result than in the undamaged workspace."""


def check_workspace(truth: Truth, random: Random) -> str:
    """Reads, runs, and reads again; imports the files again where that is the hint."""
    outcome = "unnoticed"
    for command in random.sample(READS, 4):
        answer = told(read(command), " ".join(command), *TOLD)
        if answer.code:
            outcome = "told"
        elif answer.out != truth.reads[command] and command in RESULTS:
            raise Different(f"`{' '.join(command)}` prints something else: {answer.out[:200]}")
    if repaired().code not in (0, 5):
        return "told"
    for command in random.sample(RESULTS, 4):
        again = told(read(command), " ".join(command), *TOLD)
        if (again.code, again.out) != (0, truth.reads[command]):
            raise Different(
                f"after the run, `{' '.join(command)}` ended with {again.code}: {again.err}{again.out[:200]}"
            )
    return "built again" if outcome == "told" else outcome


def repaired() -> Answer:
    """The answer of a run, after an import of the files again where that is the hint."""
    answer = ended("run", codes=(5,))
    if answer.code != 2 or "mport these files again" not in answer.err:
        return answer
    for kind, files in FILES.items():
        for file in files:
            ended("import", kind, file)
    answer = ended("run")
    if answer.code:
        raise Wrong(f"`run` ended with {answer.code} after the import: {answer.err.strip()[-300:]}")
    return answer


def check_store(truth: Truth, random: Random) -> str:
    """Looks at the store, publishes, and copies from it."""
    codes = [
        ended(*command, codes=(5,)).code
        for command in (
            ("tables", "status"),
            ("publish",),
            ("tables", "export", TABLE, "--to", "new"),
            ("predict", "usage"),
            ("tables", "verify", TABLE, "--from", "path=other.sqlite", "--from", "stage=prod"),
        )
    ]
    return "told" if any(codes) else "unnoticed"


def check_export(truth: Truth, random: Random) -> str:
    """Verifies an export against the store, and loads it."""
    answer = ended("tables", "verify", "--from", "backup/", codes=(5,))
    if answer.code == 5:
        raise Different(f"`tables verify` found differences: {answer.err}")
    loaded = ended("tables", "load", "backup", "--to", "path=new.sqlite", "--create")
    if loaded.code == 0 and items("new.sqlite") != truth.store:
        raise Different("`tables load` loaded something else")
    return "told" if answer.code or loaded.code else "unnoticed"


def check_killed_export(truth: Truth, random: Random) -> str:
    """Goes on with the export, and verifies it."""
    answer = ended("tables", "export", TABLE, "--to", "half")
    if answer.code:
        return "told"
    verified = ended("tables", "verify", "--from", "half/", codes=(5,))
    if verified.code:
        raise Different(f"an export went on to {verified.code}: {verified.err}")
    return "unnoticed"


def check_undo(truth: Truth, random: Random) -> str:
    answer = ended("tables", "undo", "latest")
    if answer.code:
        return "told"
    if items("other.sqlite", "prod") != truth.before:
        raise Different("`tables undo` put something else back")
    return "unnoticed"


def check_killed_copy(truth: Truth, random: Random) -> str:
    """Goes on with the copy, then undoes it."""
    shutil.rmtree(".omnix/migrations")
    shutil.move("killed-copy", ".omnix/migrations")
    shutil.move("half.sqlite", "other.sqlite")
    to = [part for one in OTHER for part in ("--to", one)]
    answer = ended("tables", "copy", TABLE, *to)
    if answer.code:
        return "told"
    if items("other.sqlite", "prod") != truth.store:
        raise Different("`tables copy` wrote something else")
    return check_undo(truth, random)


AREAS: Mapping[str, tuple[str, Callable[[Truth, Random], str]]] = {
    "checkpoints": (".omnix/checkpoints/*/**/*.*", check_workspace),
    "records": (".omnix/*.json", check_workspace),
    "runs": (".omnix/runs/*.json", check_workspace),
    "sqlite": ("**/*.sqlite", check_store),
    "export": ("backup/*", check_export),
    "killed export": ("half/*", check_killed_export),
    "copy": (".omnix/migrations/**/*.*", check_undo),
    "killed copy": ("killed-copy/**/*.*", check_killed_copy),
}


def try_one(folder: Path, number: int, area: str, truth: Truth, random: Random) -> str:
    """The outcome of a trial in a folder, which is undamaged before. Raises `Wrong`."""
    pattern, check = AREAS[area]
    files = sorted(path.relative_to(folder) for path in folder.glob(pattern) if path.suffix in KINDS)
    file = random.choice(files)
    trial = Trial(number, file, random.choice(KINDS[file.suffix]))
    (folder / file).write_bytes(trial.damage((folder / file).read_bytes(), random))
    with inside(folder):
        try:
            return check(truth, random)
        except Different as wrong:
            if trial.damage is unsealed_value:
                return "unnoticed"
            raise Wrong(f"{area}: {trial}: {wrong}") from wrong
        except Wrong as wrong:
            raise Wrong(f"{area}: {trial}: {wrong}") from wrong
        except Exception as error:
            raise Wrong(f"{area}: {trial}: {type(error).__name__}: {error}") from error


def campaign(trials: int, seed: int = SEED) -> tuple[Counter[str], list[str]]:
    """How trials ended, by area, and what went wrong."""
    counts, wrong = Counter[str](), []
    with tempfile.TemporaryDirectory(prefix="omnix-") as temporary:
        undamaged, shop = Path(temporary) / "undamaged", Path(temporary) / "shop"
        shop.mkdir()
        with inside(shop):
            truth = build(shop)
        shop.rename(undamaged)
        for number in range(trials):
            area = list(AREAS)[number % len(AREAS)]
            shutil.copytree(undamaged, shop)  # always at the same place: a copy of tables knows its target by its path
            try:
                counts[f"{area}: {try_one(shop, number, area, truth, Random(f'{seed}-{number}'))}"] += 1
            except Wrong as one:
                counts[f"{area}: WRONG"] += 1
                wrong.append(str(one))
            shutil.rmtree(shop)
    return counts, wrong


def main(trials: int, seed: int) -> int:
    """Prints how the trials ended."""
    began = time.perf_counter()
    counts, wrong = campaign(trials, seed)
    return summary(counts, wrong, f"{trials:,} trials", began)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(numbers + [TRIALS, SEED][len(numbers) :])))
