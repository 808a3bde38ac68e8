"""Writes the generated parts of the documentation: `python docs/generate.py`.

`commands.md` as a whole comes from the help texts of the commands. In the other documents only what stands between
`<!-- generated: NAME -->` and `<!-- end -->` is replaced. `make check` fails when a document differs from the code.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from omnix_cli.cli import app
from omnix_cli.errors import EXIT_CODES

ROOT = Path(__file__).parent.parent
COMMON = ("--config", "--workspace", "--log-format", "--verbose", "--quiet", "--help")
RESULTS = ("--format", "--output")
HEAD = """# Command reference

<!-- Generated from the help texts by docs/generate.py: do not edit. -->

`omnix COMMAND --help` prints the same texts. Results go to stdout, everything else to stderr.
"""


def documents() -> dict[Path, str]:
    """Every document with a generated part, as it should be."""
    blocks = {"exit codes": exit_codes, "frames": frames}
    found = {ROOT / "docs" / "commands.md": command_reference()}
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = document.read_text() if document not in found else ""
        for name in re.findall(r"<!-- generated: ([a-z ]+) -->", text):
            start, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
            before, rest = text.split(start, 1)
            text = f"{before}{start}{blocks[name]()}{end}{rest.split(end, 1)[1]}"
            found[document] = text
    return found


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every group and command that the help lists, by its words, groups before their commands."""
    if words:
        yield words, command
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from commands(child, (*words, name))


def command_reference() -> str:
    """The whole of commands.md."""
    everything = list(commands(typer.main.get_command(app)))
    runnable = [(words, command) for words, command in everything if _is_runnable(command)]
    names = [" ".join(words) for words, _ in runnable]
    links = ", ".join(f"[{name}](#omnix-{name.replace(' ', '-')})" for name in names)
    shared = {name: _shared(runnable, name) for name in (*COMMON, *RESULTS)}
    options = "".join(
        f"\n## {title}\n\n{about}\n\n{_table([shared[name] for name in flags], 'option')}"
        for title, about, flags in (
            ("Options of every command", "Not repeated below.", COMMON),
            ("Options for results", "Of every command that prints a table.", RESULTS),
        )
    )
    sections = "".join(_section(words, command, shared) for words, command in everything)
    return f"{HEAD}\n{links}.\n{options}{sections}"


def _section(words: tuple[str, ...], command: Any, shared: dict[str, tuple[str, str]]) -> str:
    name = " ".join(words)
    text = inspect.cleandoc(command.help or "")
    parts = [f"\n## omnix {name}\n\n{text}\n"]
    if not _is_runnable(command):
        return parts[0]
    example = (command.epilog or "").removeprefix("Example: ")
    usage = " ".join(["omnix", *words, *command.collect_usage_pieces(_context(words, command))])
    parts.append(f"\n```console\n{example}\n```\n\nUsage: `{usage}`\n")
    arguments, options, prints = [], [], False
    for parameter in command.get_params(_context(words, command)):
        record = parameter.get_help_record(_context(words, command))
        if parameter.param_type_name == "argument":
            arguments.append(record)
        elif record and record not in shared.values():
            options.append(record)
        prints = prints or record == shared["--format"]
    parts += [f"\n{_table(rows, title)}" for title, rows in (("argument", arguments), ("option", options)) if rows]
    if prints:
        parts.append("\nPrints a table: see [options for results](#options-for-results).\n")
    return "".join(parts)


def _is_runnable(command: Any) -> bool:
    return not hasattr(command, "commands") or bool(command.invoke_without_command)


def _context(words: tuple[str, ...], command: Any) -> Any:
    return command.context_class(command, info_name=f"omnix {' '.join(words)}", help_option_names=["-h", "--help"])


def _shared(runnable: list[tuple[tuple[str, ...], Any]], name: str) -> tuple[str, str]:
    for words, command in runnable:
        for parameter in command.get_params(_context(words, command)):
            if name in parameter.opts:
                record: tuple[str, str] = parameter.get_help_record(_context(words, command))
                return record
    raise LookupError(name)


def exit_codes() -> str:
    """The table of exit codes."""
    return _table(
        [(str(known.code), f"{known.meaning} | {known.scheduler}") for known in EXIT_CODES],
        "exit code",
        "meaning | a scheduler should",
        code=False,
        escape=False,
    )


def frames() -> str:
    """Every stored frame with its columns."""
    from omnix_cli.schemas import FRAMES

    sections = []
    for name, spec in FRAMES.items():
        text = inspect.cleandoc(spec.schema.__doc__ or "")
        rows = [(column, _kind(definition)) for column, definition in spec.schema.columns().items()]
        order = f"Key: {_codes(spec.key)}. Sorted by {_codes(spec.sort)}."
        sections.append(f"### {name}\n\n{text}\n\n{order}\n\n{_table(rows, 'column', 'type')}")
    return "\n".join(sections)


def _kind(column: Any) -> str:
    names = {
        "String": "text",
        "Bool": "true or false",
        "Date": "date",
        "Datetime": "instant in UTC",
        "Decimal": "decimal with two places",
        "Float64": "number",
    }
    name = type(column).__name__
    if name == "Enum":
        kind = f"one of {_codes(column.categories)}"
    elif name == "List":
        kind = f"list of {_kind(column.inner)}"
    else:
        kind = names.get(name, "whole number")
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("from", getattr(column, "min", None)), ("to", getattr(column, "max", None)))
        if bound is not None
    ]
    return " ".join([kind, *bounds]) + (", may be null" if column.nullable else "")


def _codes(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(
    rows: list[tuple[str, str]], left: str, right: str = "meaning", *, code: bool = True, escape: bool = True
) -> str:
    lines = [f"| {left} | {right} |", f"|{'---|' * (2 + right.count('|'))}"]
    for name, text in rows:
        first, second = (cell.replace("|", "\\|") if escape else cell for cell in (name, text))
        lines.append(f"| {f'`{first}`' if code else first} | {re.sub(r' {2,}', ' ', second)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes what differs and says which documents those were."""
    for document, text in documents().items():
        if not document.exists() or document.read_text() != text:
            document.write_text(text)
            print(f"written: {document.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
