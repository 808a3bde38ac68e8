"""What the archives for Lambda hold is enough for their handlers, and a cold start loads little of it."""

from __future__ import annotations

import importlib.util
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

from tests.integration.lambda_handlers.recorded_events import queue, request
from tests.integration.lambda_handlers.test_events import ORDER

ROOT = Path(__file__).parents[3]
HEAVY = ("dataframely", "fastapi", "numba", "numpy", "polars", "pyarrow", "pydantic", "scipy", "sklearn")
ALONE = """
import json, sys
from importlib.metadata import packages_distributions

allowed, of_module = set(json.loads(sys.argv[1])), packages_distributions()

class Only:
    def find_spec(self, name, path=None, target=None):
        packages = {one.lower().replace("_", "-") for one in of_module.get(name.partition(".")[0], ())}
        if packages and not packages & allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Only())

class Context:
    function_name, memory_limit_in_mb, aws_request_id, invoked_function_arn = "f", 1, "r", "arn"
    def get_remaining_time_in_millis(self):
        return 30_000

"""
"""Runs what follows as if there were only some packages."""
EVENTS = """
import omnix_cli.stores.dynamodb.factory
from omnix_cli.serving.lambda_handlers import order_events, purchase_events
purchase_events.client(), purchase_events._once()
print(json.dumps(order_events.handler(json.loads(sys.argv[2]), Context())))
"""
API = """
import omnix_cli.stores.dynamodb.factory
from omnix_cli.serving.lambda_handlers import gateway
print(json.dumps(gateway.handler(json.loads(sys.argv[2]), Context())))
"""


@pytest.fixture(scope="module")
def archives() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lambda_archives", ROOT / "deploy" / "lambda_archives.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ran(code: str, *arguments: str, **environment: str) -> str:
    """What a program of its own prints last."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1", **environment}
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    found = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()[-1]


def answered(code: str, packages: tuple[str, ...], event: dict[str, Any], workspace: Path) -> dict[str, Any]:
    api = {"OMNIX_API__SECRET": "a" * 32, "OMNIX_API__ISSUER": "shop", "OMNIX_API__AUDIENCE": "omnix"}
    printed = ran(ALONE + code, json.dumps(packages), json.dumps(event), OMNIX_WORKSPACE=str(workspace), **api)
    return json.loads(printed)  # type: ignore[no-any-return]


def test_events_need_no_other_package(archives: ModuleType, tmp_path: Path) -> None:
    assert answered(EVENTS, archives.EVENTS, queue(ORDER), tmp_path) == {"batchItemFailures": []}


def test_the_http_api_needs_no_other_package(archives: ModuleType, tmp_path: Path) -> None:
    assert answered(API, archives.API, request("GET", "/healthz"), tmp_path)["statusCode"] == 200


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
