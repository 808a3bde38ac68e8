"""Promises that hold for every section of the settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from omnix_cli.reports.settings_file import meanings
from omnix_cli.settings import Section, Settings


def sections(section: Section) -> Iterator[Section]:
    yield section
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from sections(value)


@pytest.mark.parametrize("section", list(sections(Settings())), ids=lambda section: type(section).__name__)
def test_every_section_and_setting_is_described(section: Section) -> None:
    assert type(section).__doc__
    parts = ("category", "price", "brand", "text")  # the section says what these weights are
    described = meanings(type(section))
    for name in type(section).model_fields:
        assert described.get(name) or name in parts or isinstance(getattr(section, name), Section), name


def test_settings_are_immutable_and_unknown_ones_refused() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().similarity.neighbours = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="neighbors"):
        Settings.model_validate({"similarity": {"neighbors": 3}})
