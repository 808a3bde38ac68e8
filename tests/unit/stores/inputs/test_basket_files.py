"""Files of baskets in their order become purchases with made-up days."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.steps.evaluation.splits import ordered_baskets
from omnix_cli.stores.inputs import basket_files
from omnix_cli.stores.inputs.basket_files import read_baskets
from tests.unit.steps.evaluation.test_splits import END

HISTORY = "user_id,order_number,product_id,eval_set\n7,1,a,train\n7,10,b,train\n7,2,c,train\n8,1,a,train\n"
TRUTH = "user_id,order_number,product_id\n7,1,z\n"
BASKETS = [("7", "a", 0), ("7", "b", 2), ("7", "c", 1), ("8", "a", 0)]


def baskets(folder: Path, content: str | bytes, truth: str | None = None) -> list[tuple[str, str, int]]:
    (folder / "history").write_bytes(content.encode() if isinstance(content, str) else content)
    if truth is not None:
        (folder / "truth").write_text(truth)
    lines, _, asked = read_baskets([folder / "history"], None if truth is None else folder / "truth")
    assert asked == (None if truth is None else ["7"])
    return ordered_baskets(lines.lazy(), as_of=END).rows()


def test_numbers_order_the_baskets_of_each_customer(tmp_path: Path) -> None:
    assert baskets(tmp_path, HISTORY) == BASKETS


def test_the_true_basket_comes_last_whatever_its_number(tmp_path: Path) -> None:
    assert baskets(tmp_path, HISTORY, TRUTH) == [*BASKETS[:3], ("7", "z", 3), BASKETS[3]]


def test_parquet_and_json_say_the_same(tmp_path: Path) -> None:
    table = pl.read_csv(HISTORY.encode())
    table.write_parquet(tmp_path / "table")
    assert baskets(tmp_path, (tmp_path / "table").read_bytes()) == BASKETS
    framed = {"7": [[-1], ["a"], ["c"], ["b"], [-1]], "8": [[-1], ["a"], [-1]]}
    plain = {"7": [["a"], ["c"], ["b", "b"]], "8": [["a"]]}
    assert baskets(tmp_path, json.dumps(framed)) == baskets(tmp_path, json.dumps(plain)) == BASKETS


def test_the_key_is_that_of_the_baskets_not_of_the_rows(tmp_path: Path) -> None:
    head, *rows = HISTORY.splitlines()
    (tmp_path / "one").write_text(HISTORY)
    (tmp_path / "other").write_text("\n".join([head, *reversed(rows), rows[0]]))
    (tmp_path / "changed").write_text(HISTORY.replace("8,1,a", "8,1,b"))
    keys = [read_baskets([tmp_path / name])[1] for name in ("one", "other", "changed")]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "user_id,product_id\n7,a\n",
        "user_id,order_number,product_id\n7,first,a\n",
        "user_id,order_number,product_id\n7,nan,a\n",
        "user_id,order_number,product_id\n",
        "{",
        '{"7": "a"}',
        '{"7": [["a"], 3]}',
        '{"7": [[-1], [-1]]}',
        "PAR1 and more",
    ],
)
def test_a_file_that_is_not_one_of_baskets(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError):
        baskets(tmp_path, content)


def test_a_customer_with_more_baskets_than_there_are_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basket_files, "MOST_BASKETS", 2)
    with pytest.raises(DataError, match="3 baskets"):
        baskets(tmp_path, HISTORY)
