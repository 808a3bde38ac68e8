"""The built wheel works alone: in an empty environment, away from the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

FILES = (
    "from omnix_cli.predictors.bedrock.asking.money import load_prices; "
    "from omnix_cli.predictors.bedrock.prompts import prompt_files; "
    "print(prompt_files.__file__, prompt_files.load_prompt('replenishment').id, load_prices().file)"
)
ROOT = Path(__file__).parent.parent.parent


def test_the_wheel_alone_runs_the_whole_job(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    wheel = next(tmp_path.glob("*.whl"))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "core.txt")], check=True)
    subprocess.run([*pip, "--no-index", str(wheel)], check=True)  # fails if the lock misses a dependency of the wheel
    shutil.copytree(ROOT / "sample_data", tmp_path / "elsewhere" / "sample_data")
    shutil.copy(ROOT / "configs" / "sample.toml", tmp_path / "elsewhere")
    run = [str(tmp_path / "env" / "bin" / "omnix"), "run", "--config", "sample.toml", "--format", "csv"]
    result = subprocess.run(run, cwd=tmp_path / "elsewhere", capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "publish,ran" in result.stdout
    site = subprocess.run(
        [str(python), "-c", FILES],
        cwd=tmp_path / "elsewhere",
        capture_output=True,
        text=True,
        check=True,
    )
    code, prompt, prices = site.stdout.split()
    assert all(str(tmp_path) in file for file in (code, prices)) and prompt.startswith("replenishment@")


def test_the_source_archive_has_the_package_and_what_describes_it(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {Path(name).parts[1] for name in archive.getnames()}
    described = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs"}
    assert names == {"omnix_cli", "configs", "pyproject.toml", "PKG-INFO", ".gitignore", *described}
