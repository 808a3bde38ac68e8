from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from omnix_cli.kernels import compiled
from omnix_cli.kernels.compiled import cache_folder, distrust

KERNELS = Path(compiled.__file__).parent
NOBODY = 65534


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of the user of this process, who makes everything for everybody."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    before = os.umask(0)
    yield tmp_path / "home"
    os.umask(before)


def test_the_cache_folder_is_named_after_all_kernel_sources_and_private(home: Path) -> None:
    folder = cache_folder()
    assert folder is not None and folder.name.startswith("kernels-") and folder.parent == home / ".cache" / "omnix"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder.parent, home / ".cache")} == {0o700}
    assert cache_folder() == folder


def test_a_variable_puts_it_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "caches"))
    folder = cache_folder()
    assert folder is not None and folder.parent == home / "caches" / "omnix"


def _link(folder: Path, mode: int) -> Path:
    """Puts a link in place of the folder, which is elsewhere from now on."""
    elsewhere = folder.parents[2] / "elsewhere"
    shutil.move(folder, elsewhere)
    elsewhere.chmod(mode)
    folder.symlink_to(elsewhere)
    return folder


CHANGES: dict[str, Callable[[Path], object]] = {
    "open to the group": lambda folder: folder.chmod(0o770),
    "open to everybody": lambda folder: folder.chmod(0o707),
    "open and sticky": lambda folder: folder.chmod(0o1777),
    "below a folder open to everybody": lambda folder: folder.parent.chmod(0o777),
    "in a home open to the group": lambda folder: folder.parents[2].chmod(0o775),
    "a link to a folder open to everybody": lambda folder: _link(folder, 0o777),
    "of another user": lambda folder: os.chown(folder, NOBODY, NOBODY),
    "below a folder of another user": lambda folder: os.chown(folder.parent, NOBODY, NOBODY),
    "a link of another user": lambda folder: os.chown(_link(folder, 0o700), NOBODY, NOBODY, follow_symlinks=False),
}
MINE = [name for name in CHANGES if "another user" not in name]


@pytest.mark.parametrize("name", CHANGES if os.geteuid() == 0 else MINE)  # only root can give files away
def test_a_folder_that_others_may_change_is_not_used(name: str, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = cache_folder()
    assert folder is not None and distrust(folder) is None
    CHANGES[name](folder)
    assert cache_folder() is None
    assert "the compiled kernels are not kept in" in caplog.text


def test_folders_above_may_be_sticky_or_links_of_ones_own(home: Path) -> None:
    home.parent.chmod(0o1777)
    (home / "caches").mkdir(0o700)
    (home / ".cache").symlink_to(home / "caches")
    home.chmod(0o755)
    folder = cache_folder()
    assert folder is not None and folder.resolve().is_relative_to(home / "caches")


def test_a_folder_that_cannot_be_made_is_none(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    (home / ".cache").write_text("a file")
    assert cache_folder() is None
    assert not caplog.text


def test_without_a_home_there_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "~no-such-user/caches")
    assert cache_folder() is None


def test_without_a_folder_kernels_are_compiled_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def plus(a: int, b: int) -> int:
        return a + b

    monkeypatch.setattr(compiled, "CACHE_FOLDER", None)
    assert compiled.compiled(plus)(1, 2) == 3
    assert not compiled.is_cached()


def test_kernels_are_found_again_where_a_variable_says(home: Path) -> None:
    script = home / "plus.py"
    script.write_text(
        "from omnix_cli.kernels.compiled import compiled, is_cached\n"
        "@compiled\ndef plus(a, b): return a + b\n"
        "print(plus(1, 2), sum(plus.stats.cache_hits.values()), is_cached())\n"
    )

    def run() -> list[str]:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(home / "numba")}
        process = [sys.executable, "-c", f"import runpy; runpy.run_path({str(script)!r})"]
        return subprocess.check_output(process, env=environment, text=True, stderr=subprocess.DEVNULL).split()

    assert [run(), run()] == [["3", "0", "False"], ["3", "1", "False"]]
    (folder,) = (home / "numba").iterdir()
    assert folder.name.startswith("kernels-")


def test_the_walks_are_where_the_cache_is_looked_for() -> None:
    assert "def walk_pairs" in (KERNELS / "co_purchase.py").read_text()
