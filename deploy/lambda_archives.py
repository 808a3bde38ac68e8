"""Makes the archives for AWS Lambda (`make lambda`): `events` and `api`, each for x86_64 and arm64, in dist/lambda.

Packages are those that requirements/dev.txt pins, as wheels for Linux. An archive has only what its
handlers import: no scikit-learn, scipy, numba or pyarrow. The same sources give the same bytes."""

from __future__ import annotations

import argparse
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[1]
LIMIT_BYTES = 250 * 2**20
"""The most bytes of a function, unzipped (AWS Lambda developer guide, "Lambda quotas")."""
EVENTS = (
    *("annotated-types", "aws-lambda-powertools", "boto3", "botocore", "dataframely", "jmespath", "numpy", "orjson"),
    *("polars", "polars-runtime-32", "pydantic", "pydantic-core", "python-dateutil", "s3transfer", "six"),
    *("typing-extensions", "typing-inspection", "tzdata", "urllib3"),
)
API = (
    *EVENTS,
    *("annotated-doc", "anyio", "cffi", "cryptography", "fastapi", "idna", "jinja2", "mangum", "markupsafe"),
    *("opentelemetry-api", "prometheus-client", "pycparser", "pyjwt", "starlette"),
)
ARCHIVES = {"events": EVENTS, "api": API}
PLATFORMS = {"x86_64": "x86_64", "arm64": "aarch64"}
GLIBC = ("2_34", "2_28", "2_27", "2_24", "2_17", "2_12", "2_5")
"""The versions of glibc that wheels ask for; Lambda's Amazon Linux 2023 has 2.34."""
SERVICES = {"dynamodb", "sts"}
"""The services that boto3 is asked for; the descriptions of all others are left out."""
UNUSED = (
    *("*.a", "*.c", "*.h", "*.md", "*.pxd", "*.pyi", "*.pyx", "*.rst", "py.typed", "RECORD", "REQUESTED", "INSTALLER"),
    *(
        "bin/*",
        "boto3/examples",
        "numpy/**/tests",
        "numpy/_pyinstaller",
        "numpy/distutils",
        "numpy/f2py",
        "numpy/typing",
    ),
    *("*.dist-info/sboms", "aws_lambda_powertools/event_handler/openapi/swagger_ui"),
)
"""What no function uses: sources, types, documents, programs and tests of packages. Licences stay."""
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)(?: ; ([^\\\n]+?))? \\\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_ELF = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_DATE = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Makes all archives and prints their sizes. Ends with exit code 1 if one is too large."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--python", default="3.13", help="the version of Python in Lambda")
    parser.add_argument("--architectures", nargs="+", choices=PLATFORMS, default=list(PLATFORMS))
    parser.add_argument("--to", type=Path, default=ROOT / "dist" / "lambda")
    options = parser.parse_args()
    too_large = False
    for architecture in options.architectures:
        for name, packages in ARCHIVES.items():
            folder = ROOT / "build" / "lambda" / f"{name}-{architecture}"
            fill(folder, packages, architecture=architecture, python=options.python)
            archive = options.to / f"{name}-{architecture}.zip"
            zip_folder(folder, archive)
            unzipped = sum(file.stat().st_size for file in files(folder))
            too_large |= unzipped > LIMIT_BYTES
            print(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB, unzipped {unzipped / 2**20:.1f} MiB")
    sys.exit(1 if too_large else 0)


def fill(folder: Path, packages: Iterable[str], *, architecture: str, python: str) -> None:
    """Puts the packages and omnix into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pins = folder.parent / f"{folder.name}.txt"
    pins.write_text("".join(pinned(packages, python)))
    platforms = [f"--platform=manylinux_{glibc}_{PLATFORMS[architecture]}" for glibc in GLIBC]
    old = [f"--platform=manylinux{year}_{PLATFORMS[architecture]}" for year in ("2014",)]
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
        "install",
        "--no-deps",
        "--no-compile",
    ]
    command += ["--only-binary=:all:", f"--python-version={python}", "--implementation=cp", *platforms, *old]
    command.append("--ignore-requires-python")  # pip asks the Python that it runs on
    subprocess.run([*command, "--require-hashes", "--target", str(folder), "-r", str(pins)], check=True)
    add_omnix(folder)
    prune(folder)


def add_omnix(folder: Path) -> None:
    """Puts omnix into a folder, as its wheel has it."""
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "omnix_cli", folder / "omnix_cli", ignore=no_caches)
    shutil.copytree(ROOT / "configs", folder / "omnix_cli" / "configs", ignore=no_caches, dirs_exist_ok=True)


def pinned(packages: Iterable[str], python: str) -> list[str]:
    """The pins of requirements/dev.txt for these packages and a version of Python on Linux. Raises `LookupError` for a
    package that has none."""
    place = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    place |= {"platform_system": "Linux", "os_name": "posix", "implementation_name": "cpython"}
    pins = {}
    for name, version, marker, hashes in _PINNED.findall((ROOT / "requirements" / "dev.txt").read_text()):
        if not marker or Marker(marker).evaluate(place):
            pins[name.lower()] = f"{name}=={version} \\\n{hashes}"
    return [pins[name] for name in packages]


def prune(folder: Path) -> None:
    """Leaves out what is `UNUSED`, the descriptions of other services, and the names for debuggers."""
    for data in (folder / "botocore" / "data", folder / "boto3" / "data"):
        for one in data.glob("*"):
            if one.is_dir() and one.name not in SERVICES:
                shutil.rmtree(one)
    for pattern in UNUSED:
        for one in list(folder.glob(pattern if "/" in pattern else f"**/{pattern}")):
            if one.is_dir():
                shutil.rmtree(one)
            elif "omnix_cli" not in one.parts:
                one.unlink()
    for library in folder.rglob("*.so*"):
        strip(library)


def strip(library: Path) -> None:
    """Cuts off what follows the segments of a shared library (ELF, 64 bits): the names of its parts, for debuggers, and
    the table of sections, for linkers. The loader reads neither. Source: System V ABI, "Object Files"."""
    content = library.read_bytes()
    header = list(_ELF.unpack_from(content))
    if not header[0].startswith(b"\x7fELF\x02\x01"):
        return
    first, size, count = header[5], header[9], header[10]
    segments = (_SEGMENT.unpack_from(content, first + number * size) for number in range(count))
    end = max(first + size * count, *(offset + length for _, _, offset, _, _, length, _, _ in segments))
    header[6] = header[11] = header[12] = header[13] = 0  # the table of sections
    library.write_bytes(_ELF.pack(*header) + content[_ELF.size : end])


def files(folder: Path) -> list[Path]:
    """The files below a folder, in order."""
    return sorted(file for file in folder.rglob("*") if file.is_file())


def zip_folder(folder: Path, archive: Path) -> None:
    """Zips the files of a folder, in order, without their dates."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in files(folder):
            entry = zipfile.ZipInfo(str(file.relative_to(folder)), _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, file.read_bytes())


if __name__ == "__main__":
    main()
