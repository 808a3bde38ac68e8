"""Finding the columns of an input by name: `Customer ID`, `customer-id` and `CustomerID` are one name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence

from omnix_cli.protocols.inputs import DELETED, ITEM, ROW_NUMBER

_REPEATED = re.compile(r"(.*) \(\d+ of \d+\)")
_IGNORED = re.compile(r"[\W_]+")

SYNONYMS: dict[str, dict[str, str]] = {
    "purchases": {
        "customer_id": "client customer cust user shopper member household account buyer visitor client_id cust_id "
        "user_id member_id household_id account_id buyer_id visitor_id customer_code customer_number customer_no "
        "loyalty_id card_number customer_email buyer_email email "
        "kunde kundennummer kunden_nr kundennr kunden_id code_client numero_client n_client cliente codigo_cliente "
        "id_cliente codice_cliente klant klantnummer",
        "product_id": "product sku item article item_id article_id product_code product_sku item_code stock_code "
        "variant_sku lineitem_sku item_sku ean gtin upc barcode asin plu material "
        "artikel artikelnummer artikel_nr artikelnr produkt produit référence code_article codigo_articulo "
        "artículo articulo producto codigo_producto prodotto codice_articolo articolo artikelcode",
        "purchased_at": "date datetime timestamp time day sold_on sold_at sale_date order_date ordered_at created_at "
        "transaction_date invoice_date purchase_date bought_at paid_at transaction_time transaction_timestamp "
        "order_time date_created created_utc "
        "datum belegdatum verkaufsdatum bestelldatum kaufdatum rechnungsdatum date_de_vente date_vente date_commande "
        "date_achat fecha fecha_venta fecha_compra data data_vendita data_ordine data_compra",
        "quantity": "qty units pieces count quantity_sold qty_sold qty_ordered units_sold lineitem_quantity "
        "item_quantity "
        "menge anzahl stück stueck stk quantité quantite qté qte cantidad cant quantità quantita qta quantidade aantal "
        "pcs pieces_sold number_of_units",
        "order_id": "order order_number order_no invoice invoice_no invoice_number receipt receipt_no receipt_number "
        "transaction_id transaction basket_id basket ticket ticket_no bill_no "
        "bon bonnummer bon_nr beleg belegnummer beleg_nr bestellnummer auftragsnummer rechnungsnummer numero_ticket "
        "n_ticket commande numero_commande facture pedido factura ordine scontrino",
        "unit_price": "price unit_cost item_price lineitem_price price_each unitprice "
        "preis einzelpreis stückpreis prix prix_unitaire precio precio_unitario prezzo prezzo_unitario",
        "total_price": "total amount line_total sales net_sales gross_sales revenue sales_value subtotal total_amount "
        "item_total "
        "betrag summe gesamtpreis gesamtbetrag umsatz montant montant_total importe importe_total importo totale",
        "currency": "currency_code order_currency order_currency_code ccy iso_currency transaction_currency",
        "store_location": "store shop branch location store_id store_name shop_id outlet "
        "filiale filialnummer markt laden magasin tienda negozio",
        "rating": "stars score",
        "review": "comment review_text",
    },
    "products": {
        "product_id": "sku item_id article_id product_code item_code stock_code ean gtin upc barcode asin product item "
        "article",
        "name": "title product_title item_name product description item label prod_name",
        "category": "product_category department product_type type product_group section group",
        "brand": "vendor manufacturer",
        "supplier": "supplier_name supplier_id",
        "price": "unit_price retail_price list_price selling_price variant_price regular_price",
        "cost": "unit_cost cost_per_item purchase_price",
        "stock": "inventory on_hand stock_quantity inventory_quantity variant_inventory_qty",
        "description": "body body_html details",
        "unit": "unit_of_measure uom package_size",
        "tags": "labels keywords",
    },
    "customers": {
        "customer_id": "client customer user user_id client_id member_id household_id email",
        "gender": "sex",
        "location": "city town region",
        "family_size": "household_size",
        "consent_personalisation": "accepts_marketing marketing_consent",
    },
    "interactions": {
        "customer_id": "client customer user visitor user_id client_id visitor_id member_id",
        "product_id": "product sku item item_id article_id product_sku",
        "interaction_type": "event event_type event_name action type",
        "occurred_at": "timestamp time date datetime event_time event_timestamp created_at",
        "session_id": "session user_session",
    },
}
"""Usual names of canonical columns. They are suggested, never used unasked."""


def normalised(name: str) -> str:
    """The letters and digits of a name, in lower case; the points of nested names stay."""
    return ".".join(_IGNORED.sub("", part) for part in name.casefold().split("."))


def without_place(name: str) -> str:
    """The name that a column shares with others of the file, or its own."""
    repeated = _REPEATED.fullmatch(name)
    return repeated[1] if repeated else name


def visible(columns: Iterable[str]) -> list[str]:
    """The columns that the file itself has."""
    return [column for column in columns if column not in (ROW_NUMBER, ITEM, DELETED)]


def candidates(wanted: str, columns: Collection[str]) -> list[str]:
    """The columns with this name: the one with exactly this spelling, or all that differ only in case, blanks,
    underscores and hyphens."""
    if wanted in columns:
        return [wanted]
    plain = normalised(wanted)
    return [column for column in visible(columns) if plain and normalised(column) == plain]


def guessed(kind: str, name: str, columns: Sequence[str], *, wanted: str | None = None) -> str | None:
    """The column that looks most like a canonical one: by its usual names, then by spelling; None if none does."""
    known = {normalised(column): column for column in reversed(visible(columns))}
    usual = SYNONYMS[kind].get(name, "").split()
    joined = {one.replace(".", ""): column for one, column in known.items()}  # client.id is named like client_id
    for one in (wanted or name, name, *usual):
        if (column := known.get(normalised(one)) or joined.get(normalised(one))) is not None:
            return column
    near = difflib.get_close_matches(normalised(wanted or name), known, n=1, cutoff=0.7)
    return known[near[0]] if near else None


def usual_columns(kind: str) -> list[str]:
    """The names that the columns of a kind of rows usually have."""
    names = SYNONYMS[kind]
    return [*names, *(name for usual in names.values() for name in usual.split())]


_LINE_ITEM = "lineitem"


def is_of_a_line(column: str, name: str, columns: Iterable[str]) -> bool:
    """Whether a column may be the total of a line. Where columns are named for their lines, `Total` is the order's."""
    are_named = any(_LINE_ITEM in normalised(one) for one in columns)
    return name != "total_price" or not are_named or _LINE_ITEM in normalised(column)


def usual_name(kind: str, name: str, columns: Sequence[str]) -> str | None:
    """The first column that has one of the usual names of a canonical one."""
    known = {normalised(column): column for column in reversed(visible(columns))}
    return next((known[one] for one in map(normalised, SYNONYMS[kind].get(name, "").split()) if one in known), None)
