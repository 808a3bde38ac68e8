from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import ColumnMapping, parse_mapping

DOCUMENT = (Path(__file__).parents[2] / "docs" / "importing.md").read_text()
EXAMPLES = dict(re.findall(r"^\| `(\w+)` \| .* \| `(\w+ = .*)` \|$", DOCUMENT, re.MULTILINE))


def test_every_key_of_a_recipe_is_documented() -> None:
    assert set(EXAMPLES) == set(ColumnMapping.model_fields) - {"kind", "recipe"}


@pytest.mark.parametrize("key", EXAMPLES)
def test_every_documented_example_is_valid(key: str) -> None:
    kind = "products" if key == "most_frequent" else "purchases"
    mapping = parse_mapping(kind, tomllib.loads(EXAMPLES[key]), where="docs")
    assert getattr(mapping, key) != ColumnMapping.model_fields[key].default


@pytest.mark.parametrize("key", ["kind", "recipe"])
def test_what_omnix_sets_is_no_key_of_a_recipe(key: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown key `{key}`"):
        parse_mapping("purchases", {key: "products"}, where="m.toml")


def test_only_products_have_most_frequent_columns() -> None:
    with pytest.raises(ConfigError, match="only products"):
        parse_mapping("purchases", {"most_frequent": ["name"]}, where="m.toml")
