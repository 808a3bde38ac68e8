from __future__ import annotations

from omnix_cli.mappings import parse_mapping
from omnix_cli.stores.inputs.delimited.fields import fields_of, plain_name, wanted_names


def test_fields() -> None:
    assert fields_of('a,"b, c",="00123"', ",") == ["a", "b, c", '="00123"']
    assert fields_of('a,"b', ",") is None
    assert fields_of("", ",") == []


def test_names_are_compared_without_case_blanks_and_signs() -> None:
    assert {plain_name(name) for name in ("customer_id", "Customer ID", "customerId", " CUSTOMER-ID ")} == {
        "customerid"
    }
    assert plain_name("Stra\u00dfe") == "strasse"


def test_the_names_that_a_mapping_wants() -> None:
    columns = {"customer_id": ["client", "Client No"], "purchased_at": {"columns": ["day", "time"]}}
    mapping = parse_mapping("purchases", {"columns": columns, "constants": {"quantity": "1"}}, where="test")
    required, wanted = wanted_names(mapping)
    assert required == [{"client", "clientno"}, {"productid"}, {"day"}]
    assert {"client", "day", "time", "orderid"} <= wanted
