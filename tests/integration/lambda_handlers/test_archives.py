"""What the archives for Lambda hold is enough for their handlers, and a cold start loads little of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import polars
import pytest

from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE
from tests.integration.lambda_handlers.recorded_events import queue, request
from tests.integration.lambda_handlers.test_events import LINE, ORDER

ROOT = Path(__file__).parents[3]
HEAVY = ("dataframely", "fastapi", "numba", "numpy", "polars", "pyarrow", "pydantic", "scipy", "sklearn")
RUN = """
import json, os, sys, types

module, event, *folders = sys.argv[1:]
sys.path[:0] = folders

class Context:
    function_name, memory_limit_in_mb, aws_request_id, invoked_function_arn = "f", 1, "r", "arn"
    def get_remaining_time_in_millis(self):
        return 30_000

hooks = []
if "SNAPSTART" in os.environ:  # what the runtime of Lambda has
    runtime = sys.modules["snapshot_restore_py"] = types.ModuleType("snapshot_restore_py")
    runtime.register_before_snapshot = hooks.append

import importlib
handlers = importlib.import_module(f"omnix_cli.serving.lambda_handlers.{module}")
for hook in reversed(hooks):
    hook()
loaded = set(sys.modules)
answer = handlers.handler(json.loads(event), Context())
new = sorted({name.partition(".")[0] for name in set(sys.modules) - loaded} - set(sys.stdlib_module_names))
print(json.dumps({"answer": answer, "loaded": new}))
"""
"""Runs a handler with what is in some folders, and nothing else."""


def ran(code: str, *arguments: str, **environment: str) -> str:
    """What a program of its own prints last."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1", **environment}
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    found = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()[-1]


def answered(folders: list[Path], module: str, event: dict[str, Any], *, snapstart: bool) -> dict[str, Any]:
    """What a function answers, and which packages the event had to load."""
    api = {"OMNIX_API__SECRET": "a" * 32, "OMNIX_API__ISSUER": "shop", "OMNIX_API__AUDIENCE": "omnix"}
    variables = os.environ | api | ({"SNAPSTART": "1"} if snapstart else {})
    command = [sys.executable, "-I", "-S", "-c", RUN, module, json.dumps(event), *map(str, folders)]
    found = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("archive", "module", "event"),
    [
        ("events", "order_events", queue(ORDER)),
        ("events", "purchase_events", queue(LINE)),
        ("api", "gateway", request("GET", "/v1/customers/zoe/purchases", token="none")),
    ],
)
def test_an_archive_is_enough_and_a_snapshot_has_all_of_it(
    store: TableStore, unpacked: dict[str, list[Path]], archive: str, module: str, event: dict[str, Any]
) -> None:
    for snapstart in (False, True):
        found = answered(unpacked[archive], module, event, snapstart=snapstart)
        assert found["answer"].get("statusCode") == (401 if archive == "api" else None)
        assert found["answer"].get("batchItemFailures") == (None if archive == "api" else [])
        late = set(found["loaded"]) - {"anyio"}  # loads a part of itself with the first request
        assert bool(late) is not snapstart
    assert len(list(store.scan(PURCHASE_TABLE))) == (archive == "events")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_package_is_pinned_once(archives: ModuleType, python: str) -> None:
    for packages in archives.ARCHIVES.values():
        pins = archives.pinned(packages, python)
        assert [pin.partition("==")[0].lower() for pin in pins] == list(packages)
        assert all("--hash=sha256:" in pin and ";" not in pin for pin in pins)
    with pytest.raises(LookupError):
        archives.pinned(["no-such-package"], python)


def test_a_library_works_without_the_names_of_its_parts(archives: ModuleType, tmp_path: Path) -> None:
    (installed,) = (Path(polars.__file__).parents[1] / "_polars_runtime_32").glob("*.so")
    library = tmp_path / "_polars_runtime_32" / installed.name
    shutil.copytree(installed.parent, library.parent)
    archives.strip(library)
    assert library.stat().st_size < 0.9 * installed.stat().st_size
    code = "import sys\nsys.path.insert(0, sys.argv[1])\nimport polars, _polars_runtime_32\n"
    used = "print(_polars_runtime_32.__file__, polars.Series(['x', 'y']).str.join()[0])"
    assert ran(code + used, str(tmp_path)) == f"{library.parent}/__init__.py xy"


@pytest.mark.parametrize("module", ["order_events", "purchase_events", "gateway", "predictions_on_demand"])
def test_a_cold_start_loads_nothing_heavy(module: str) -> None:
    load = f"import sys, omnix_cli.serving.lambda_handlers.{module}\n"
    assert ran(f"{load}print([one for one in {HEAVY!r} if one in sys.modules])") == "[]"


def test_the_same_files_give_the_same_bytes(archives: ModuleType, tmp_path: Path) -> None:
    for name in ("b.py", "a/c.py"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    for number in range(2):
        archives.zip_folder(tmp_path / "in", tmp_path / f"{number}.zip")
        os.utime(tmp_path / "in" / "b.py", (number, number))
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
    assert zipfile.ZipFile(tmp_path / "0.zip").namelist() == ["a/c.py", "b.py"]
