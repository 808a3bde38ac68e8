"""The settings as a commented configuration file."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr

from omnix_cli.safe_text.masking import without_secrets
from omnix_cli.settings import Section, Settings

_HEAD = """\
# omnix: every setting with its meaning. omnix reads omnix.toml in the current folder, or the file named by --config.
# Environment variables override a file (OMNIX_SIMILARITY__NEIGHBOURS=20), flags override both.
"""


def as_toml(settings: Settings) -> str:
    """A configuration file with every setting, its meaning and its value; a default is a comment, so that a later
    release may have a better one."""
    return _HEAD + "\n".join(_lines(settings, "")).rstrip() + "\n"


def _lines(section: Section, prefix: str) -> Iterator[str]:
    yield ""
    if prefix:
        yield from _comment(type(section).__doc__ or "")
        yield f"[{prefix}]"
    values = {name: getattr(section, name) for name in type(section).model_fields}
    described = meanings(type(section))
    for name, value in values.items():
        if not isinstance(value, Section):
            yield from _comment(described.get(name, ""))
            part = _section_of(type(section).model_fields[name].annotation)
            if part is not None:
                path = f"{prefix}.{name}"
                blocks = [_block(path, one) for one in value] or [f"# [[{path}]]", *_template(part)]
                yield from blocks
                continue
            written = "" if value is None or _is_secret(value) else _literal(value)
            is_default = value == type(section).model_fields[name].default
            yield f"{'# ' if is_default or not written else ''}{name} = {written}".rstrip()
    for name, value in values.items():
        if isinstance(value, Section):
            yield from _lines(value, f"{prefix}.{name}" if prefix else name)


def _is_secret(value: Any) -> bool:
    return isinstance(value, SecretStr) or (isinstance(value, str) and without_secrets(value) != value)


def _section_of(annotation: Any) -> type[Section] | None:
    """The record of a setting that is a list of records."""
    part = next(iter(get_args(annotation)), None)
    return part if isinstance(part, type) and issubclass(part, Section) else None


def _block(path: str, section: Section) -> str:
    given = {name: value for name, value in section if value not in (None, (), {})}
    return "\n".join([f"[[{path}]]", *(f"{name} = {_literal(value)}" for name, value in given.items()), ""])


def _template(part: type[Section]) -> Iterator[str]:
    """The settings of a list entry, as comments."""
    for name, meaning in meanings(part).items():
        yield from _comment(f"  {name}: {meaning}")


def meanings(section: type[Section]) -> dict[str, str]:
    """What each setting means: the text below it in the source. If pydantic read it (`use_attribute_docstrings`), every
    command would take longer."""
    bodies = (_body(part) for part in reversed(section.__mro__) if issubclass(part, Section))
    return {
        setting.target.id: text.value.value
        for setting, text in chain.from_iterable(map(pairwise, bodies))
        if isinstance(setting, ast.AnnAssign) and isinstance(setting.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def _body(section: type[Section]) -> list[ast.stmt]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    return tree.body if isinstance(tree, ast.ClassDef) else []


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(" ".join(text.split()), 110))


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)} = {_literal(one)}' for name, one in value.items())}}}"
    text = json.dumps(str(value) if isinstance(value, Path | Decimal) else value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")  # TOML allows it in no text, JSON does
