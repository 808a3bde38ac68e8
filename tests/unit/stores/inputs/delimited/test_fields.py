from __future__ import annotations

import pytest

from omnix_cli.mappings import parse_mapping
from omnix_cli.stores.inputs.delimited.fields import (
    fields_of,
    has_spaced_quotes,
    wanted_names,
    with_doubled_quotes,
    without_spaces,
)


def test_fields() -> None:
    assert fields_of('a,"b, c",="00123"', ",") == ["a", "b, c", '="00123"']
    assert fields_of('a,"b', ",") is None
    assert fields_of("", ",") == []


@pytest.mark.parametrize(
    ("written", "usual"),
    [
        (b'a, "b, c" ,d\n', b'a,"b, c",d\n'),
        (b' "a" , "b" \r\n"c", d\n', b'"a","b"\r\n"c", d\n'),
        (b'"He said, ""hi"", bye",b\n', b'"He said, ""hi"", bye",b\n'),
        (b'a,"b \\"c, d\\" e"\n', b'a,"b ""c, d"" e"\n'),
        (b'"\\"a\\"",b\n', b'"""a""",b\n'),
        (b'"C:\\",b\n', b'"C:\\",b\n'),
        (b'"5 ""\n6 \\"" b",c\n', b'"5 ""\n6 \\"" b",c\n'),
        (b'a "b" c,d\n', b'a "b" c,d\n'),
        (b'"x, ",",","z"\n', b'"x, ",",","z"\n'),
        (b'"x\\""",b\n', b'"x\\""",b\n'),
    ],
)
def test_quotes_are_made_usual(written: bytes, usual: bytes) -> None:
    spaced = without_spaces(written, ",") if has_spaced_quotes(written.decode().splitlines(), ",") else written
    assert with_doubled_quotes(spaced, ",") == usual


def test_the_names_that_a_mapping_wants() -> None:
    columns = {"customer_id": ["client", "Client No"], "purchased_at": {"columns": ["day", "time"]}}
    mapping = parse_mapping("purchases", {"columns": columns, "constants": {"quantity": "1"}}, where="test")
    required, wanted = wanted_names(mapping)
    assert required == [{"client", "clientno"}, {"productid"}, {"day"}]
    assert {"client", "day", "time", "orderid"} <= wanted
