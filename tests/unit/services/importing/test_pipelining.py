from __future__ import annotations

from collections.abc import Iterator

import pytest

from omnix_cli.services.importing.pipelining import mapped, prefetched


def test_items_come_in_order_and_one_is_produced_in_advance() -> None:
    produced: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5):
            produced.append(number)
            yield number

    assert list(prefetched(items())) == [0, 1, 2, 3, 4] == produced


def test_results_are_in_the_order_of_their_items() -> None:
    assert list(mapped(lambda number: number * 2, range(10), threads=3)) == list(range(0, 20, 2))


def test_an_error_while_producing_or_mapping_reaches_the_caller() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(prefetched(broken()))
    with pytest.raises(ZeroDivisionError):
        list(mapped(lambda number: 1 / number, [1, 0], threads=2))
