"""JSON that shows whether it was damaged."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json

CONTENT: dict[str, Any] = {"name": "Zoë", "rows": 12, "large": 10**40, "share": 0.1, "deep": {"list": [None, True, ""]}}


def read(content: bytes) -> dict[str, Any]:
    return from_sealed_json(content, dict)


def test_it_gives_back_what_it_was_given() -> None:
    assert read(as_sealed_json(CONTENT)) == CONTENT


def test_its_layout_does_not_count() -> None:
    assert read(json.dumps(json.loads(as_sealed_json(CONTENT)), sort_keys=True).encode()) == CONTENT


def test_an_object_of_an_earlier_release_has_no_checksum() -> None:
    assert read(json.dumps(CONTENT).encode()) == CONTENT


def test_a_flipped_bit_never_passes_for_another_content() -> None:
    sealed, random = as_sealed_json(CONTENT), Random(1)
    unnoticed = 0
    for _ in range(2_000):
        flipped = bytearray(sealed)
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
        try:
            found = read(bytes(flipped))
        except ValueError:
            continue
        unnoticed += 1
        assert {name: found.get(name) for name in CONTENT} == CONTENT  # a blank, or the name of the checksum
    assert unnoticed < 200


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"7", b'"text"', b"\xff", b"[" * 100_000, b'{"a": 1}{}']
)
def test_what_is_not_an_object_is_damaged(content: bytes) -> None:
    with pytest.raises(ValueError):
        read(content)
