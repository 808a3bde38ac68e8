"""Documents on the command line: read from a file or stdin, and shown in any format."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnix_cli.cli.options import OutputSession, note
from omnix_cli.errors import DataError, os_failure

if TYPE_CHECKING:
    from omnix_cli.protocols.tables import Page

Data = Annotated[str | None, typer.Option("--data", metavar="FILE", help="A JSON file (`-`: stdin).")]


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


def number(text: str) -> Decimal | str:
    """A number as JSON writes it; another text as it is, for the record to refuse."""
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def document(file: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a file, with what single options say on top of it, block by block."""
    values = read(file) if file else {}
    if not isinstance(values, dict):
        raise DataError(f"{file} is not a JSON object", hint="Write {...}.")
    for name, value in options.items():
        within = values.get(name)
        if isinstance(value, dict):
            value = {**within, **value} if isinstance(within, dict) else value or within
        if value not in (None, {}):
            values[name] = value
    return values


def read(file: str) -> Any:
    """The JSON of a file, or of stdin."""
    from omnix_cli.json_records import exact_json

    try:
        return exact_json.loads(_content(file))
    except ValueError as error:
        raise DataError(f"{file} is not JSON: {error}", hint="Write one JSON document.") from error


def read_several(file: str) -> list[Any]:
    """The documents of a file, or of stdin: one, a list, or one on each line."""
    from omnix_cli.json_records import exact_json

    content = _content(file)
    try:
        whole = exact_json.loads(content)
        return whole if isinstance(whole, list) else [whole]
    except ValueError as error:
        lines = [(number, line) for number, line in enumerate(content.splitlines(), start=1) if line.strip()]
        if len(lines) < 2:
            raise DataError(f"{file} is not JSON: {error}", hint="Write a document, or one on each line.") from error
    found = []
    for number, line in lines:
        try:
            found.append(exact_json.loads(line))
        except ValueError as error:
            hint = "Nothing was changed. Write one JSON document on each line, or a list."
            raise DataError(f"{file}: line {number} is not JSON: {error}", hint=hint) from error
    return found


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" and sys.stdin else Path(file).read_bytes()
    except OSError as error:
        raise os_failure(error, f"{file} cannot be read") from error


def write_document(session: OutputSession, values: Mapping[str, Any], *, title: str) -> None:
    """Shows a document: as it is in JSON, else as names and values."""
    import polars as pl

    frame = pl.DataFrame(
        [(name, _text(value)) for name, value in _flat(values)],
        schema={"what": pl.String, "value": pl.String},
        orient="row",
    )
    session.write_values(frame, values, title=title)


def write_items(
    session: OutputSession, items: Sequence[Mapping[str, Any]], *, title: str, brief: Sequence[str] = ()
) -> None:
    """Shows items: as they are in JSON, else one row each; a table has only the columns `brief`, if any are given."""
    import polars as pl

    names = dict.fromkeys([*brief, *(name for item in items for name in item)])
    rows = [[_text(item.get(name)) for name in names] for item in items]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    session.write_values(frame, list(items), title=title, brief=brief)


def write_page(session: OutputSession, page: Page, *, title: str, brief: Sequence[str]) -> None:
    """Shows the items of a page, and on stderr how to get the next one."""
    write_items(session, page.items, title=title, brief=brief)
    if page.cursor:
        note(f"there are more: --cursor {page.cursor}")


def _flat(values: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in values.items():
        inner = _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else []
        flat.extend(inner or [(f"{above}{name}", "" if value == {} else value)])
    return flat


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case Mapping():
            return ", ".join(f"{name}: {_text(part)}" for name, part in value.items())
        case list() | tuple():
            return "; ".join(str(_text(part)) for part in value)
    return str(value)
