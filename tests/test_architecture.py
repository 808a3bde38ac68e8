"""The layers of the package hold, and help stays light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = ("polars", "numpy", "boto3", "sklearn", "scipy", "numba", "pyarrow", "pydantic", "dataframely")


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
