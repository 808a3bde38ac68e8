from __future__ import annotations

from omnix_cli.services.importing.read_files import findings
from omnix_cli.steps.imports.binding import Reading
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
