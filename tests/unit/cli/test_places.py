"""`--from` and `--to` say the same in every command."""

from __future__ import annotations

from typing import get_args

from omnix_cli.cli.places import From, To, ToFolder


def test_they_take_the_same_places() -> None:
    source, target, folder = (get_args(alias)[1] for alias in (From, To, ToFolder))
    assert source.metavar == target.metavar == folder.metavar == "PLACE"
    assert target.help == folder.help == source.help.replace("The source", "The target")
