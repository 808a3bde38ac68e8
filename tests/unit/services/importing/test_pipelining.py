from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from omnix_cli.services.importing.pipelining import pipelined


def test_items_are_produced_in_advance() -> None:
    produced = [Event() for _ in range(5)]

    def items() -> Iterator[int]:
        for number, event in enumerate(produced):
            event.set()
            yield number

    results = pipelined(lambda number: number, items(), threads=1)
    assert next(results) == 0
    assert produced[2].wait(timeout=10)
    assert list(results) == [1, 2, 3, 4]


def test_results_are_in_the_order_of_their_items() -> None:
    assert list(pipelined(lambda number: number * 2, range(10), threads=3)) == list(range(0, 20, 2))
    assert list(pipelined(lambda number: number, [], threads=3)) == []


def test_an_error_while_producing_or_computing_reaches_the_caller() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(pipelined(lambda number: number, broken(), threads=1))
    with pytest.raises(ZeroDivisionError):
        list(pipelined(lambda number: 1 / number, [1, 0], threads=2))
