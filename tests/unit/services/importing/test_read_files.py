from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from threading import Event

import pytest

from omnix_cli.services.importing.read_files import clean_file, findings, pipelined
from omnix_cli.services.importing.reports import FileReport
from omnix_cli.steps.imports.binding import Reading
from omnix_cli.steps.imports.groups.identity import FILE
from tests.unit.services.importing.stages import GOOD, reader, source


def test_how_a_file_is_read_is_settled_by_its_first_rows() -> None:
    opened, readings = source(GOOD.replace("2020-05-01", "31.05.2020").replace("2020-05-02", "01.06.2020")), []
    settled: list[Reading] = readings
    (chunk,) = reader().chunks(opened, 0, settled)
    assert chunk.reading is settled[0]
    assert chunk.raw.height == 2
    assert chunk.rejected.is_empty()
    found = findings(opened, settled[0])
    assert (found["format"], found["dates"], found["timezone"]) == ("CSV", "day first", "UTC")


def test_the_key_depends_on_the_mapping_and_the_time_zone() -> None:
    assert reader().key == reader().key
    assert len({reader().key, reader("products").key, reader(timezone="Europe/Paris").key}) == 3


def test_rows_are_split_and_counted() -> None:
    counts = FileReport("a.csv")
    (cleaned,) = clean_file(reader(), source(GOOD + "3,r,o3,many,2020-05-03\njunk\n"), 7, counts)
    assert cleaned.rows["customer_id"].to_list() == ["1", "2"]
    assert cleaned.rows[FILE].unique().to_list() == [7]
    assert cleaned.quarantine["reason"].to_list() == ["not a number", "wrong number of fields"]
    assert (counts.read, counts.quarantined, counts.expected, counts.newest_day) == (4, 2, 0, date(2020, 5, 2))
    assert len(counts.sha256) == 64


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
