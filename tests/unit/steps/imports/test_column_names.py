from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import EXTRA, parse_mapping
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.binding import bind
from omnix_cli.steps.imports.column_names import SYNONYMS, candidates, guessed, normalised

HEADS = ["customer_id", "product_id", "order_id", "purchased_at", "quantity"]


def bound(available: list[str], **mapping: Any) -> dict[str, Any]:
    return bind(parse_mapping("purchases", mapping, where="test"), available, file="f.csv").columns


@pytest.mark.parametrize(
    "name", ["Customer ID", "CustomerID", "customer-id", "CUSTOMER_ID", " customer id ", "customerId"]
)
def test_names_match_whatever_their_case_blanks_underscores_and_hyphens(name: str) -> None:
    assert bound([name, *HEADS[1:]])["customer_id"] == name
    assert bound([name, *HEADS[1:]], columns={"customer_id": "customer id"})["customer_id"] == name


def test_the_exact_name_comes_first() -> None:
    assert bound(["Customer ID", *HEADS])["customer_id"] == "customer_id"


def test_a_name_that_fits_two_columns_is_refused() -> None:
    with pytest.raises(DataError, match="`Customer ID`, `CustomerID` are all named like `customer_id`") as caught:
        bound(["Customer ID", "CustomerID", *HEADS[1:]])
    assert "--map" in str(caught.value.hint)


def test_a_repeated_column_in_another_case_is_refused() -> None:
    with pytest.raises(DataError, match="more than one column is named `quantity`"):
        bound([*HEADS[:4], "Quantity (1 of 2)", "Quantity (2 of 2)"])


def test_columns_that_omnix_adds_match_no_name() -> None:
    assert candidates("row number", ["_row_number", "_item"]) == []


def test_names_of_other_alphabets_stay_apart() -> None:
    assert normalised("客户") != normalised("商品")
    assert candidates("客户", ["商品", "客户"]) == ["客户"]
    assert candidates("?", ["!"]) == []


def test_usual_names_are_guessed() -> None:
    columns = ["Client", "SKU", "Sold On", "Qty"]
    names = ("customer_id", "product_id", "purchased_at", "quantity")
    assert [guessed("purchases", name, columns) for name in names] == columns
    assert guessed("purchases", "rating", columns) is None
    assert guessed("purchases", "customer_id", ["client.name", "client.id"]) == "client.id"


def test_synonyms_are_of_canonical_columns() -> None:
    for kind, names in SYNONYMS.items():
        assert names.keys() <= {*FRAMES[kind].schema.column_names(), *EXTRA.get(kind, ())}


@pytest.mark.parametrize(
    "columns",
    [
        ["Kundennummer", "Artikelnummer", "Belegdatum", "Menge"],
        ["Code client", "Code article", "Date de vente", "Quantité"],
        ["Cliente", "Producto", "Fecha", "Cantidad"],
        ["Codice cliente", "Articolo", "Data vendita", "Quantità"],
        ["Klantnummer", "Artikelcode", "Datum", "Aantal"],
    ],
)
def test_usual_names_of_other_languages_are_guessed(columns: list[str]) -> None:
    names = ("customer_id", "product_id", "purchased_at", "quantity")
    assert [guessed("purchases", name, columns) for name in names] == columns


@pytest.mark.parametrize("name", ["Menge", "Anzahl", "Cantidad", "Qté", "Aantal", "pcs"])
def test_a_column_that_looks_like_a_quantity_must_be_named_in_other_languages_too(name: str) -> None:
    with pytest.raises(DataError, match="no column `quantity`"):
        bound([*HEADS[:4], name])


def test_orders_are_not_anonymous_if_a_column_looks_like_a_customer() -> None:
    with pytest.raises(DataError, match="no column `customer_id`"):
        bound(["Kundennummer", *HEADS[1:]])
