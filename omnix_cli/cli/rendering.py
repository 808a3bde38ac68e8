"""Showing the report of a command, and options whose names changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from omnix_cli.cli.options import note
from omnix_cli.errors import OmnixError

_Report = TypeVar("_Report")
_Value = TypeVar("_Value")


def render(work: Callable[[], _Report], show: Callable[[_Report], None]) -> None:
    """Shows the report that `work` returns, or the one that comes with its error."""
    try:
        report = work()
    except OmnixError as error:
        if error.report is not None:
            show(error.report)
        raise
    show(report)


def renamed(value: _Value | None, old_value: _Value | None, *, old: str, new: str) -> _Value | None:
    """The value of an option that is given by its new or, for this release, by its old name."""
    if old_value is None:
        return value
    if value is not None:
        raise typer.BadParameter(f"use only {new}, its new name", param_hint=old)
    note(f"{old} is now {new}; the old name will be removed in the next release")
    return old_value
