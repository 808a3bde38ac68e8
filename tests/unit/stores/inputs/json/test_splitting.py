"""Documents in any layout, and in pieces of any size."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.json.splitting import Document, DocumentSplitter


def split(content: str, size: int = 1 << 20, *, is_array: bool = False) -> list[tuple[int, str]]:
    """The first lines and texts of the documents, from pieces of `size` bytes."""
    splitter = DocumentSplitter("f", is_array=is_array)
    stored, line = content.encode(), 1
    found: list[Document] = []
    for start in range(0, len(stored), size):
        piece = stored[start : start + size]
        found.extend(splitter.split(piece, line, is_last=False))
        line += piece.count(b"\n")
    found.extend(splitter.split(b"", line, is_last=True))
    return [(one.line, one.text.decode()) for one in found]


LAYOUTS = {
    "lines": ('{"a":1}\n{"a":2}\n', [(1, '{"a":1}'), (2, '{"a":2}')]),
    "no line feed": ('{"a":1}{"a":2}', [(1, '{"a":1}'), (1, '{"a":2}')]),
    "commas": ('{"a":1},\r\n{"a":2},', [(1, '{"a":1}'), (2, '{"a":2}')]),
    "record separators": ('\x1e{"a":1}\n\x1e{"a":2}\n', [(1, '{"a":1}'), (2, '{"a":2}')]),
    "over lines": ('{\n "a": {\n "}": "\\"{"\n }\n}\n{\n "a": [\n {}\n]}', [
        (1, '{\n "a": {\n "}": "\\"{"\n }\n}'),
        (6, '{\n "a": [\n {}\n]}'),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_in_pieces_of_any_size(layout: str, size: int) -> None:
    content, expected = LAYOUTS[layout]
    assert split(content, size) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_arrays_in_pieces_of_any_size(size: int) -> None:
    content = '[\n {"a": [1]},\n 3, "x,]", [4, {"b": 5}], {"a": "]"}][{"a": 6}]\n[]'
    texts = ['{"a": [1]}', "3", '"x,]"', '[4, {"b": 5}]', '{"a": "]"}', '{"a": 6}']
    assert [text for _, text in split(content, size, is_array=True)] == texts


BROKEN = {
    "no quote": ['{"a":1}', '{"a":"x', '{"a":3}'],
    "no brace": ['{"a":1}', '{"a":2', '{"a":3}'],
    "cut in a list": ['{"a":1}', '{"a":2,"l":[', '{"a":3}', '{"a":4}'],
    "cut in a key": ['{"a":1}', '{"a":2,"', '{"a":3}'],
    "one brace more": ['{"a":1}', '{"a":2}}', '{"a":3}'],
    "more than an object": ['{"a":1}', '{"a":2} x', '{"a":3}'],
    "wrong brackets": ['{"a":1}', '{"a":[2}]', '{"a":3}'],
    "no JSON": ['{"a":1}', "{oops", "oops", '{"a":3}'],
    "cut at the end": ['{"a":1}', '{"a":2}', '{"a":'],
}


@pytest.mark.parametrize("size", [1, 5, 100])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_line_costs_itself_only(kind: str, size: int) -> None:
    assert [text for _, text in split("\n".join(BROKEN[kind]), size)] == BROKEN[kind]


def test_a_broken_document_over_lines_costs_itself_only() -> None:
    documents = ['{\n  "a": 1\n}', '{\n  "a": {\n  ]\n}', '{\n  "a": 3\n}']
    assert [text for _, text in split("\n".join(documents))] == documents
    array = ['{\n    "a": 1\n  }', '{\n    "a": {\n  ],\n  },', '{\n    "a": 3\n  }']
    content = "[\n  " + f"{array[0]},\n  {array[1]}\n  {array[2]}" + "\n]"
    assert [text for _, text in split(content, is_array=True)] == array


def test_a_broken_object_of_an_array_in_one_line_costs_itself_only() -> None:
    assert [text for _, text in split('[{"a":1},{"a":2 {"b":0},{"a":3},{"a":4}]', is_array=True)] == [
        '{"a":1}',
        '{"a":2 {"b":0},',
        '{"a":3}',
        '{"a":4}',
    ]


@pytest.mark.parametrize("content", ["[", '[{"a":1}', '[{"a":1},', '[{"a":1},{"a', '[{"a":1}][{"a":2}'])
def test_an_array_that_does_not_end_is_refused(content: str) -> None:
    with pytest.raises(DataError, match="damaged or truncated"):
        split(content, is_array=True)


def test_the_last_document_may_be_cut() -> None:
    splitter = DocumentSplitter("f", is_array=False)
    (last,) = splitter.split(b'{"a": {', 1, is_last=True)
    assert last == (1, b'{"a": {', True)


def test_a_document_that_never_ends_is_refused() -> None:
    splitter = DocumentSplitter("f", is_array=False, longest=100)
    with pytest.raises(DataError, match="a JSON object is longer"):
        list(splitter.split(b'{"a": "' + b"x" * 200, 1, is_last=False))


_VALUES = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), _VALUES, max_size=3), max_size=5),
    st.sampled_from([None, 1]),
    st.integers(1, 30),
)
def test_any_documents_come_back(documents: list[dict[str, object]], indent: int | None, size: int) -> None:
    texts = [json.dumps(document, indent=indent, ensure_ascii=False) for document in documents]
    for joined, is_array in (("".join(texts), False), ("\n".join(texts), False), (f"[{','.join(texts)}]", True)):
        assert [json.loads(text) for _, text in split(joined, size, is_array=is_array)] == documents
