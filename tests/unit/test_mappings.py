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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"date_formats": [""]}, "not the format of a date"),
        ({"date_formats": ["%d/%m/%Y", "%d/%m"]}, "`%d/%m` is not the format of a date"),
        ({"date_formats": ["%H:%M"]}, "not the format of a date"),
        ({"date_formats": ["%Q%%%"]}, "not the format of a date"),
        ({"date_formats": ["dd/mm/yyyy"]}, "not the format of a date"),
        ({"separator": '"'}, "cannot separate columns"),
        ({"separator": "\n"}, "cannot separate columns"),
        ({"separator": "a"}, "cannot separate columns"),
        (
            {"set_aside": [{"column": "status", "reason": "void"}]},
            "give `values`, `other_than`, `matches` or `missing`",
        ),
    ],
)
def test_what_cannot_be_applied_is_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_mapping("purchases", content, where="m.toml")


@pytest.mark.parametrize(
    "spelling",
    ["%d/%m/%Y", "%Y%m%d", "%d.%m.%y %H:%M", "%s", "%Y-%m-%dT%H:%M:%S%z", "%b %d, %Y %I:%M %p", "%Y-%jT", "%d/%m/%Y Z"],
)
def test_formats_of_dates(spelling: str) -> None:
    assert parse_mapping("purchases", {"date_formats": [spelling]}, where="m.toml").date_formats == (spelling,)
