"""The house rules of the package: layers, folders, names, sizes, and that every module has a test."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "omnix_cli"
MODULES = sorted(file for file in PACKAGE.rglob("*.py") if file.name not in ("__init__.py", "__main__.py"))
FOLDERS = sorted({file.parent for file in PACKAGE.rglob("*.py")})
HEAVY = ("polars", "numpy", "boto3", "sklearn", "scipy", "numba", "pyarrow", "pydantic", "dataframely")

MODULES_SIDE_BY_SIDE = 15
LINES = 400
LINES_OF_A_TEST = 500
SAYS_NOTHING = {
    *("ahead", "common", "earlier", "helpers", "incoming", "intake", "manager", "misc", "obtaining", "reading"),
    *("seams", "standings", "tools", "troubles", "util", "utils"),
}
SHARED_NAMES = {
    "advice": "what looks wrong in the imported data: the findings, and what keeps them",
    "bedrock": "models on Amazon Bedrock: the predictor and its settings",
    "evaluate": "measuring how good the results are: the commands and the Python API",
    "evaluation": "how good results are: the use cases, and what they rest on",
    "factory": "what makes the store of one kind",
    "s3": "files on S3: the store and its settings",
    "similarity": "similar products: the step and its settings",
    "administration": "makes and checks the tables of a store",
    "answers": "what a model answered: its parsing, and the step that uses it",
    "checkpoints": "stored results of steps: the protocol and its implementation",
    "client": "sends requests to a service of AWS",
    "co_purchase": "products bought together: the step and its kernel",
    "customers": "single customers: what is known of them, and how they shop",
    "configuration": "the effective settings: where they come from, and how they are printed",
    "content": "products described alike: the step and its kernel",
    "dynamodb": "the tables of DynamoDB, as a store and as an input",
    "engines": "where steps run: the engines, and which of them the settings name",
    "errors": "the exceptions, and how a service's own errors become them",
    "folders": "folders of a workspace, on disk or on S3",
    "imports": "importing files: the commands, the Python API, the steps",
    "inputs": "what imports read: the protocol and the readers",
    "limits": "what an import, or a request to a service, must not exceed",
    "migrations": "moving tables: the commands, the use cases, the stores",
    "models": "asking language models: the protocol, the use cases, the Python API",
    "pacing": "how fast requests are sent before a service throttles",
    "predictions": "making predictions: the commands and the use cases",
    "predictors": "what forecasts: the predictors, and which of them the settings name",
    "progress": "how far a long task is",
    "privacy": "what is kept about single customers: the Python API and the use cases",
    "quarantine": "rows set aside by imports: the commands, the Python API, the use cases",
    "records": "single validated records",
    "replies": "what models replied, word for word",
    "reports": "what a use case returns, and how it is printed",
    "runs": "runs of the plan: the commands, the Python API, the use cases",
    "sqlite": "kept in a SQLite file",
    "store": "the table store of one kind",
    "steps": "the steps of the plan: the functions, the protocol, and the commands that run them",
    "stores": "where tables and files are kept, and which of them the settings name",
    "tables": "the tables of a store",
    "workspace": "the folder of checkpoints and runs",
}
"""Names that occur more than once, each with the one meaning that its places share. Reviewed: do not add a name with
two meanings, rename a module instead."""


def test_imports_go_down_the_layers_only() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from omnix_cli.cli import main; code = main(['--help']); "
        f"print(code, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "0 []"
    assert "recommendations" in result.stdout


def test_no_folder_has_too_many_modules_side_by_side() -> None:
    counts = {_name(folder): len(_modules_of(folder)) for folder in FOLDERS}
    _none(f"{name}: {count} modules" for name, count in counts.items() if count > MODULES_SIDE_BY_SIDE)


def test_a_name_means_one_thing() -> None:
    places = defaultdict(list)
    for path in [*MODULES, *FOLDERS]:
        places[path.stem].append(_name(path))
    twice = {name: where for name, where in places.items() if len(where) > 1}
    _none(f"{name}: {', '.join(where)}" for name, where in twice.items() if name not in SHARED_NAMES)


def test_no_module_has_a_name_that_says_nothing() -> None:
    _none(_name(path) for path in [*MODULES, *FOLDERS] if path.stem in SAYS_NOTHING | {path.parent.name})


def test_every_folder_says_in_two_sentences_what_lives_there_and_what_may_not() -> None:
    docstrings = {folder: ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) for folder in FOLDERS}
    _none(f"{_name(folder)}: {text}" for folder, text in docstrings.items() if _sentences(text or "") != 2)


def test_no_file_is_too_long() -> None:
    limits = dict.fromkeys(PACKAGE.rglob("*.py"), LINES) | dict.fromkeys(
        (ROOT / "tests").rglob("*.py"), LINES_OF_A_TEST
    )
    lengths = {file: len(file.read_text().splitlines()) for file in limits}
    _none(f"{_name(file)}: {lines} lines" for file, lines in lengths.items() if lines > limits[file])


def test_every_module_is_named_by_a_test() -> None:
    imported = {name for file in (ROOT / "tests").rglob("*.py") for name in _imports(file)}
    dotted = {module: _name(module).replace("/", ".").removesuffix(".py") for module in MODULES}
    _none(_name(module) for module in MODULES if dotted[module] not in imported and not _own_test(module).exists())


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("One thing.", 1), ("One, e.g. this; no more. And `a.b` too.", 2), ("A.\n\nB.", 2)]
)
def test_sentences_are_counted(text: str, count: int) -> None:
    assert _sentences(text) == count


def _none(findings: Iterable[str]) -> None:
    """Fails with the whole list."""
    found = list(findings)
    assert not found, "\n" + "\n".join(found)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _modules_of(folder: Path) -> list[Path]:
    return [file for file in MODULES if file.parent == folder]


def _sentences(text: str) -> int:
    words = text.split()
    return sum(word.endswith(".") and word not in ("e.g.", "i.e.") for word in words)


def _imports(file: Path) -> Iterator[str]:
    """The modules that a test imports, and what it imports from packages, as dotted names."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _own_test(module: Path) -> Path:
    """tests/unit/<same path>/test_<module>.py, or tests/cli/test_<module>.py for a group of commands."""
    place = module.relative_to(PACKAGE)
    folder = ROOT / "tests" if place.parts[0] == "cli" else ROOT / "tests" / "unit"
    return folder / place.parent / f"test_{place.name}"
