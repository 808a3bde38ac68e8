"""What is particular to the SQLite file: how it fails, and that a killed writer leaves it whole."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.stores.sqlite.store import SqliteStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, busy_seconds=0.05)) as opened:
        opened.create_tables()
        yield opened


def test_the_file_can_be_read_with_any_sqlite_tool(store: SqliteStore, path: Path) -> None:
    store.put_many("products", [{"id": "milk", "category": "dairy", "price": Decimal("1.10"), "tags": ["cold"]}])
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute('SELECT id, category, document FROM "omnix-ai-products-dev"').fetchall()
    assert rows == [("milk", "dairy", '{"id":"milk","category":"dairy","price":1.10,"tags":["cold"]}')]


def test_stages_share_a_file_without_meeting(store: SqliteStore, path: Path) -> None:
    store.put_many("products", [{"id": "milk"}])
    with closing(SqliteStore(path, stage="prod")) as production:
        assert "products" in production.create_tables()
        assert list(production.scan("products")) == []


def test_the_connection_of_a_thread_is_closed_when_the_thread_ends(store: SqliteStore, path: Path) -> None:
    def open_files() -> int:
        return sum(one.resolve() == path for one in Path("/proc/self/fd").iterdir())

    for _ in range(30):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(store.get, "products", "milk", now=NOW).result()
    assert open_files() <= 3


def test_the_threads_of_a_server_have_small_caches(store: SqliteStore) -> None:
    def cache_kib() -> int:
        with store.database() as database:
            (size,) = database.execute("PRAGMA cache_size").fetchone()
        return -int(size)

    with ThreadPoolExecutor(1) as pool:
        assert (cache_kib(), pool.submit(cache_kib).result()) == (65_536, 4_096)


def test_another_writer_means_try_later(store: SqliteStore, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="in use"):
            store.put_many("products", [{"id": "milk"}])
        assert list(store.scan("products")) == []
        other.execute("ROLLBACK")
    assert store.put_many("products", [{"id": "milk"}]) == 1


@pytest.mark.parametrize("content", [b"customer,product\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_a_configuration_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with closing(SqliteStore(path)) as store, pytest.raises(ConfigError, match="not a SQLite file") as caught:
        store.create_tables()
    assert caught.value.hint
    assert path.read_bytes() == content


def test_a_damaged_file_is_named(store: SqliteStore, path: Path) -> None:
    store.put_many("products", ({"id": f"k{number:05d}", "filler": "x" * 500} for number in range(2000)))
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(ConfigError, match="damaged"):
        list(store.scan("products"))


def test_a_file_that_may_only_be_read_is_a_configuration_error(store: SqliteStore, path: Path) -> None:
    store.put_many("products", [{"id": "milk"}])
    store.close()
    with path.open("r+b") as file:
        file.seek(18)  # the version needed to write, in the header; above 2 it may only be read, whoever asks
        file.write(b"\x03")
    with pytest.raises(ConfigError, match="cannot be written"):
        store.put_many("products", [{"id": "tea"}])


@pytest.mark.parametrize("place", ["file/store.sqlite", ""])
def test_a_path_that_cannot_be_is_a_configuration_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with closing(SqliteStore(tmp_path / place)) as store, pytest.raises(ConfigError, match="store"):
        store.create_tables()


FULL_DISK = """
import resource, sys
from pathlib import Path
from omnix_cli.errors import UnavailableError
from omnix_cli.stores.sqlite.store import SqliteStore
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    SqliteStore(Path(sys.argv[1])).put_many("products", ({"id": f"k{n}", "filler": "x" * 900} for n in range(30_000)))
except UnavailableError as error:
    sys.exit(f"{error.message}; {error.hint}")
"""


def test_a_full_disk_is_reported_and_the_store_is_whole(store: SqliteStore, path: Path) -> None:
    store.put_many("products", [{"id": "milk"}])
    store.close()
    writer = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False)
    assert writer.returncode == 1
    assert "could not be written" in writer.stderr
    assert "Free some disk space" in writer.stderr
    assert list(store.scan("products")) == [{"id": "milk"}]


WRITER = """
import sys
from pathlib import Path
from omnix_cli.stores.sqlite.store import SqliteStore

def items():
    for number in range(10**9):
        if number == 25_000:
            print("halfway", flush=True)
        yield {"id": f"k{number % 40_000:05d}", "filler": "x" * 200}

SqliteStore(Path(sys.argv[1])).put_many("products", items())
"""


def test_a_killed_writer_leaves_whole_items(store: SqliteStore, path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"halfway\n"
        writer.kill()
    found = list(store.scan("products"))
    assert len(found) >= 20_000
    assert found == [{"id": item["id"], "filler": "x" * 200} for item in found]
    store.put_many("products", [{"id": "milk"}])
    assert store.get("products", "milk", now=NOW) == {"id": "milk"}


def test_every_table_has_row_ids_for_other_programs(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    store.create_tables()
    with closing(store), store.database() as database:
        names = [sql.full_name for sql in store.tables.values()]
        assert [database.execute(f'SELECT max(rowid) FROM "{name}"').fetchone() for name in names] == [(None,)] * len(
            names
        )
