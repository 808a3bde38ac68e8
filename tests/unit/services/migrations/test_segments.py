"""Work on several segments at a time."""

from __future__ import annotations

from threading import Barrier, Event

import pytest

from omnix_cli.services.migrations.segments import chunks, in_segments


def test_results_come_in_the_order_of_the_segments() -> None:
    together = Barrier(3)

    def work(segment: int, stop: Event) -> int:
        together.wait(timeout=10)
        return segment * 10

    assert in_segments(work, 3) == [0, 10, 20]


def test_when_one_segment_fails_the_others_stop() -> None:
    begun = Barrier(2)

    def work(segment: int, stop: Event) -> None:
        begun.wait(timeout=10)
        if segment == 0:
            raise LookupError("lost")
        assert stop.wait(timeout=10)

    with pytest.raises(LookupError, match="lost"):
        in_segments(work, 2)


def test_chunks_end_when_the_event_is_set() -> None:
    stop = Event()
    taken = []
    for chunk in chunks(range(10), 4, stop):
        taken.append(chunk)
        if len(taken) == 2:
            stop.set()
    assert taken == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert list(chunks(range(5), 4, Event())) == [[0, 1, 2, 3], [4]]
