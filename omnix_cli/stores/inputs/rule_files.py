"""Rule files: `configs/rules/not_products.toml`, or the file of a shop that replaces or extends it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from omnix_cli.errors import ConfigError
from omnix_cli.settings import ProductRules

_FILE = "configs/rules/not_products.toml"
_PACKAGE = Path(__file__).resolve().parents[2]
_SHIPPED = (_PACKAGE / _FILE, _PACKAGE.parent / _FILE)
"""The rules in an installed package, and in a checkout."""


def product_rules(file: str | None = None) -> ProductRules:
    """The rules of a shop's own file, together with those that come with omnix where it says `extends = true`; without
    a file, those that come with omnix. Raises `ConfigError` for a file that cannot be read or has unknown keys."""
    if file is None:
        return _rules(next(path for path in _SHIPPED if path.is_file()))[0]
    own, extends = _rules(Path(file))
    return product_rules() + own if extends else own


def _rules(path: Path) -> tuple[ProductRules, bool]:
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        message = f"the rules {path} cannot be read: {error}"
        raise ConfigError(message, hint="Correct recommend.not_products, or the file.") from error
    extends = content.pop("extends", False)
    try:
        if not isinstance(extends, bool):
            raise ConfigError(f"{path}: `extends` must be true or false", hint="Correct that line.")
        return ProductRules(**content), extends
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        known = ", ".join(["extends", *ProductRules.model_fields])
        raise ConfigError(f"{path}: {where}: {problem['msg']}", hint=f"Known keys: {known}.") from error
