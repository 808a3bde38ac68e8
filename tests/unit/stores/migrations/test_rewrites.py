"""Rules that change items when they are copied."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.stores.migrations.rewrites import ItemRewrite, load_rewrites


def rewrite(folder: Path, rules: str, table: str = "products") -> ItemRewrite:
    (folder / "rules.toml").write_text(f"[{table}]\n{rules}\n")
    return load_rewrites(folder / "rules.toml")[table]


def test_without_a_file_items_stay_as_they_are() -> None:
    item = {"id": "1", "price": Decimal("1.50")}
    assert load_rewrites(None)["products"].apply(item) == item


def test_drop_then_rename_then_set(tmp_path: Path) -> None:
    found = rewrite(
        tmp_path, 'key_prefix = "x-"\ndrop = ["old"]\nrename = { a = "b" }\nset = { c = [1, 0.50], d = true }'
    )
    assert found.apply({"id": "1", "old": 1, "a": 2, "c": 3}) == {
        "id": "x-1",
        "b": 2,
        "c": [1, Decimal("0.50")],
        "d": True,
    }
    assert found.source_key("x-1") == "1"
    assert found.is_target_key("x-1")
    assert not found.is_target_key("1")


def test_no_attribute_is_overwritten_by_a_renamed_one(tmp_path: Path) -> None:
    found = rewrite(tmp_path, 'rename = { a = "b" }')
    assert found.apply({"id": "1", "a": 2}) == {"id": "1", "b": 2}
    with pytest.raises(DataError, match="'1'"):
        found.apply({"id": "1", "a": 2, "b": 3})


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('rename = { id = "key" }', "the key id"),
        ('drop = ["id"]', "the key id"),
        ('set = { id = "x" }', "the key id"),
        ('rename = { a = "b" }\ndrop = ["b"]', "b is named twice"),
        ('rename = { a = "c", b = "c" }', "c is named twice"),
        ("set = { category = 3 }", "category must be a text"),
        ("set = { since = 2026-01-01 }", "write it as text"),
        ("set = { since = [2026-01-01] }", "write it as text"),
        ("prefix = 'x'", "prefix"),
        ("rename = { a = '' }", "rename"),
        ("drop = [", "cannot be read"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(tmp_path: Path, rules: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rewrite(tmp_path, rules)


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'product'"):
        rewrite(tmp_path, "", table="product")
