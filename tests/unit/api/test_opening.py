from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.api.opening import Opening
from omnix_cli.errors import Interrupted


def opening(tmp_path: Path) -> Opening:
    return Opening(settings={"workspace": str(tmp_path / "shop")})


def test_arguments_go_before_settings_and_none_counts_for_nothing() -> None:
    given = Opening(environment={"OMNIX_AS_OF": "today"}, settings={"as_of": "2018-01-01"})
    assert given.load().values.as_of == "2018-01-01"
    assert given.load(as_of=None).values.as_of == "2018-01-01"
    assert given.load(as_of="latest", similarity__neighbours=7).values.similarity.neighbours == 7


@pytest.mark.parametrize(("resumes", "dry_run"), [(True, False), (False, False), (True, True)])
def test_only_what_resumes_says_so_when_it_is_interrupted(tmp_path: Path, resumes: bool, dry_run: bool) -> None:
    with (
        pytest.raises(Interrupted) as caught,
        opening(tmp_path).locked("test", resumes=resumes, dry_run=dry_run),
    ):
        raise Interrupted("stopped by SIGINT")
    assert bool(caught.value.hint) == (resumes and not dry_run)


def test_a_dry_run_makes_no_workspace(tmp_path: Path) -> None:
    with opening(tmp_path).locked("test", dry_run=True) as workspace:
        assert workspace.folder.exists()
    assert not workspace.folder.exists()
    assert not (tmp_path / "shop").exists()


def test_a_log_is_kept_in_a_workspace_that_exists(tmp_path: Path) -> None:
    logs: list[Path] = []
    given = Opening(settings={"workspace": str(tmp_path / "shop")}, log_to=logs.append)
    given.results()
    assert logs == []
    with given.locked("test"):
        assert logs == [tmp_path / "shop"]
