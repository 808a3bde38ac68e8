"""Reports are shown whether or not the command succeeded; renamed options say so."""

from __future__ import annotations

import pytest
import typer

from omnix_cli.cli.rendering import renamed, render
from omnix_cli.errors import PartialError


def test_a_report_is_shown() -> None:
    shown: list[int] = []
    render(lambda: 3, shown.append)
    assert shown == [3]


@pytest.mark.parametrize(("report", "wanted"), [(3, [3]), (None, [])])
def test_the_report_of_an_error_is_shown_before_the_error(report: int | None, wanted: list[int]) -> None:
    shown: list[int] = []

    def fail() -> int:
        raise PartialError("some failed", report=report)

    with pytest.raises(PartialError):
        render(fail, shown.append)
    assert shown == wanted


def test_a_renamed_option_works_and_names_the_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert renamed(None, "a", old="--old", new="--new") == "a"
    assert capsys.readouterr().err == "--old is now --new; the old name will be removed in the next release\n"
    assert renamed("b", None, old="--old", new="--new") == "b"
    assert capsys.readouterr().err == ""
    with pytest.raises(typer.BadParameter, match="use only --new"):
        renamed("a", "b", old="--old", new="--new")
