from __future__ import annotations

import json
from pathlib import Path

import pytest

from omnix_cli import __version__
from omnix_cli.settings import Settings
from tests.cli.conftest import Omnix


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "No such command 'rum'"),
        (["run", "--asof", "2018-01-01"], "--as-of"),
        (["show", "due", "--format", "xml"], "xml"),
        (["show", "due", "--days", "-1"], "greater than or equal to 0"),
        (["import", "purchases", "x.csv", "--map", "customer"], "not of the form"),
        (["run", "--as-of", "soon"], "as-of 'soon' is not a day"),
        (["run", "--config", "none.toml"], "cannot be read"),
        (["run", "--workspace", "products.csv"], "is not a folder"),
        (["import", "purchases", "purchases.csv", "--timezone", "Europe/Pariss"], "did you mean Europe/Paris?"),
        (["quarantine", "show", "orders"], "is not one of 'purchases'"),
        (["quarantine", "replay", "--mended", "x.csv"], "not of the form"),
        (["show", "recommendations", "c01", "--context", "doorstep"], "is not one of 'homepage'"),
        (["show", "seasonal", "--season", "monsoon"], "is not one of 'current'"),
        (["run", "--predictor", "oracle"], "is not one of 'statistical'"),
        (["publish", "--store", "mysql"], "is not one of 'sqlite'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_ends_with_2_and_says_why(shop: Omnix, arguments: list[str], message: str) -> None:
    answer = shop(*arguments)
    assert answer.code == 2
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_version_and_help(omnix: Omnix) -> None:
    assert omnix("--version").out == f"omnix {__version__}\n"
    assert omnix("show", "--help").out.startswith("Usage: omnix show")
    assert omnix("run", "-h").code == 0


def test_init_makes_a_commented_configuration_once(omnix: Omnix, tmp_path: Path) -> None:
    assert "created omnix.toml" in omnix("init").err
    text = (tmp_path / "omnix.toml").read_text()
    assert "# Neighbours to keep for each product." in text
    assert "nothing to do" in omnix("init").err
    (tmp_path / "omnix.toml").write_text(text.replace("# neighbours = 50", "neighbours = 7"))
    shown = {row["setting"]: row for row in json.loads(omnix("config", "show", "--format", "json").out)}
    assert (shown["similarity.neighbours"]["value"], shown["similarity.neighbours"]["source"]) == (7, "omnix.toml")


def test_init_makes_the_configuration_that_is_named(omnix: Omnix, tmp_path: Path) -> None:
    answer = omnix("init", "--config", "shops/paris.toml", "--workspace", "paris")
    assert (answer.code, "created shops/paris.toml" in answer.err) == (0, True), answer.err
    assert not (tmp_path / "omnix.toml").exists()
    assert 'workspace = "paris"' in (tmp_path / "shops" / "paris.toml").read_text()
    assert "nothing to do" in omnix("init", "--config", "shops/paris.toml").err
    assert omnix("config", "check", "--config", "shops/paris.toml").code == 0


def test_settings_keep_their_types_in_json(omnix: Omnix, tmp_path: Path) -> None:
    answer = omnix("config", "show", "--format", "json")
    values = {row["setting"]: row["value"] for row in json.loads(answer.out)}
    defaults = Settings().model_dump(mode="json")
    assert values["imports.max_bad"] == 0.01
    assert values["recommend.excluded_categories"] == []
    assert values["privacy.consent_personalisation"] is defaults["privacy"]["consent_personalisation"]
    assert values["imports.max_age_days"] is None
    assert values["workspace"] == ".omnix"
    omnix("config", "show", "--format", "json", "--output", "settings.json")
    assert (tmp_path / "settings.json").read_text() == answer.out


def test_config_check_finds_what_could_not_work(omnix: Omnix, tmp_path: Path) -> None:
    assert omnix("config", "check").code == 0
    for text, message in (
        ('[imports]\ntimezone = "Mars/Olympus"\n', "Mars/Olympus"),
        ('[engine]\nmax_memory = "lots"\n', "not a size"),
        ('[[imports.sources]]\nkind = "purchases"\nfiles = ["x.csv"]\nmapping = "unheard-of"\n', "unheard-of"),
    ):
        (tmp_path / "omnix.toml").write_text(text)
        answer = omnix("config", "check")
        assert answer.code == 2, answer.err
        assert message in answer.err


def test_log_lines_are_text_or_json(shop: Omnix) -> None:
    lines = [json.loads(line) for line in shop("predict", "--log-format", "json").err.splitlines()]
    done = [line for line in lines if line["message"] == "step done"]
    assert [line["step"] for line in done] == ["cycles", "rhythms", "predict"]
    assert {"time", "level", "rows_in", "rows_out", "seconds", "key"} <= done[0].keys()
    assert "step=predict status=ran" in shop("predict", "--force").err
