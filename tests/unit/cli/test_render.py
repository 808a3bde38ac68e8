"""Reports are shown whether or not the command succeeded; old spellings name the new ones."""

from __future__ import annotations

import pytest

from omnix_cli.cli.options import instead, render
from omnix_cli.errors import ConfigError, OmnixError, PartialError


def test_a_report_is_shown() -> None:
    shown: list[int] = []
    render(lambda: 3, shown.append)
    assert shown == [3]


@pytest.mark.parametrize("error", [PartialError, ConfigError])
@pytest.mark.parametrize(("report", "wanted"), [(3, [3]), (None, [])])
def test_the_report_of_an_error_is_shown_before_the_error(
    error: type[OmnixError], report: int | None, wanted: list[int]
) -> None:
    shown: list[int] = []

    def fail() -> int:
        raise error("some failed", report=report)

    with pytest.raises(error):
        render(fail, shown.append)
    assert shown == wanted


def test_an_old_spelling_names_the_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    instead("--old", "--new")
    assert capsys.readouterr().err == "warning: `--old` will be removed in the next release; use `--new`\n"
