"""Tables compared with their specification, and which of them may be dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import TableAdministration, TableState


@dataclass(frozen=True)
class Finding:
    """One line about a table: a difference from its specification, or that there is none."""

    table: str
    items: int | None
    size_bytes: int | None
    what: str
    found: str | None = None
    wanted: str | None = None
    to_do: str | None = None


def findings(states: Iterable[TableState]) -> list[Finding]:
    """One line for every difference, and one for every table without differences."""
    lines = []
    for state in states:
        about = (state.full_name, state.items, state.size_bytes)
        lines += [Finding(*about, one.what, one.found, one.wanted, one.remedy) for one in state.differences]
        lines += [] if state.differences else [Finding(*about, "as specified")]
    return lines


def status(administration: TableAdministration) -> list[Finding]:
    """The findings. Raises `ConfigError`, which carries them, if a table differs from its specification."""
    states = administration.states()
    differing = [state for state in states if state.differences]
    if differing:
        count = sum(len(state.differences) for state in differing)
        message = f"{_counted(count, 'difference')} in {_counted(len(differing), 'table')}"
        raise ConfigError(message, hint="Follow the column `to_do`, then check again.", report=findings(states))
    return findings(states)


def drop(administration: TableAdministration, tables: Collection[str], *, dry_run: bool = False) -> list[TableState]:
    """Drops the existing ones of our tables, or of the named `tables`; returns them. Raises `ConfigError` for a table
    that is not ours or is protected."""
    states = {state.table: state for state in administration.states()}
    for name in tables:
        if name not in states:
            raise ConfigError(f"there is no table {name!r}", hint=f"The tables are {', '.join(states)}.")
        if not states[name].is_ours:
            raise ConfigError(f"{states[name].full_name} is not ours", hint="Set `store.tables.own_products` if it is.")
    chosen = [state for name, state in states.items() if state.is_ours and (not tables or name in tables)]
    existing = [state for state in chosen if state.items is not None]
    protected = [state.full_name for state in existing if state.is_protected]
    if protected:
        message = f"protected against deletion: {', '.join(protected)}; nothing was dropped"
        raise ConfigError(message, hint="Turn off the protection in the AWS account first, if you are sure.")
    for state in existing if not dry_run else ():
        administration.drop(state.table)
    return existing


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
