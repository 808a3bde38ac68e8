from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.stores.inputs.rule_files import product_rules


def test_a_file_of_a_shop_replaces_or_extends_what_comes_with_omnix(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('codes = ["till"]\n')
    assert product_rules(str(file)).codes == ("till",)
    assert product_rules(str(file)).names == ()
    file.write_text('extends = true\ncodes = ["till"]\n')
    assert {"till", "post"} <= set(product_rules(str(file)).codes)
    assert product_rules(str(file)).names == product_rules().names


@pytest.mark.parametrize(
    ("content", "message"),
    [("code = []", "code"), ("codes = 3", "codes"), ("codes = [", "cannot be read"), ("extends = 1", "extends")],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        product_rules(str(file))


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        product_rules("nowhere.toml")
