"""A stream of values, a limited number at a time."""

from __future__ import annotations

from collections.abc import Iterator

from omnix_cli.batching import batched


def test_every_value_is_in_one_list_in_order() -> None:
    assert list(batched("abcdefg", 3)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert list(batched([], 3)) == []


def test_values_are_read_only_when_asked_for() -> None:
    read: list[int] = []

    def values() -> Iterator[int]:
        for value in range(10):
            read.append(value)
            yield value

    assert next(batched(values(), 2)) == [0, 1]
    assert read == [0, 1]
