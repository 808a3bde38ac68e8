"""The page at `/`: what it shows, to whom, and that what it shows are only texts."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.serving.http_api.routes import page_routes
from tests.contracts.test_customer_side import published
from tests.integration.http_api.doors import NOON, SERVICE, Door, bearer, keyed
from tests.integration.http_api.pages import HOSTILE, LONG, fill


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return filled(Door(tmp_path))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Door:
    return filled(Door(tmp_path_factory.mktemp("page")))


def filled(door: Door) -> Door:
    profile = {"customerId": "zoe", "preferences": {"dietaryRestrictions": ["vegan"]}, "consent": {"aiAnalysis": False}}
    door.side.register(profile)
    fill(door.store, now=NOON)
    return door


class Read(HTMLParser):
    """The elements of a page, and its text as one line."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(door: Door, query: str = "", **options: Any) -> Read:
    answer = door.call("GET", f"/{query}", **options)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return Read(answer.text)


def test_a_customer(door: Door) -> None:
    page = read(door, "?customer=zoe")
    for words in ("Customer zoe", "vegan", "not agreed", "What is due", "15 Jan 2018 , today", "Milk", "urgent"):
        assert words in page.text, words
    assert "Made for this customer (homepage), made on 2018-01-15" in page.text
    assert "does not know" not in page.text
    assert {"href": "/?product=milk"} in page.all("a")


def test_a_product(door: Door) -> None:
    page = read(door, "?product=milk")
    assert "Product milk" in page.text and "Similar to milk" in page.text and "Tea" in page.text


def test_products_are_found_by_words_of_their_names(door: Door) -> None:
    page = read(door, "?product=TEA")  # no id is written so
    assert "Products named TEA 1 product with these words in their names Product Id Tea tea" in page.text
    assert {"href": "/?product=tea"} in page.all("a")
    found = read(door, f"?product={quote('onerror=window img')}")
    assert HOSTILE[1].title() in found.text and not found.all("img")


def test_only_the_first_of_many_are_shown(door: Door) -> None:
    door.store.put_many("recommendations", [published("similar#soup", [f"soup {n}" for n in range(60)])])
    assert "Product soup" in read(door, "?product=soup%20").text, "an id goes before a name"
    page = read(door, "?product=oup")
    assert "50 products with these words in their names; 10 more: add a word" in page.text


def test_names_that_are_not_read_yet_are_promised(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.side.names, "find", lambda words, now: None)
    assert "The names of the products are being read" in read(door, "?product=oats").text


def test_without_a_question_it_shows_what_is_published_for_all(door: Door) -> None:
    page = read(door)
    assert "Jam" in page.text
    assert "In season The last run published no such list." in page.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?customer=nobody", "omnix does not know customer nobody : there is no profile, no purchase and no list"),
        ("?product=gold", "omnix does not know product gold : there is no list, no purchase and no entry"),
        (f"?customer={'x' * 257}", "omnix does not know customer xxx"),
        (f"?product={'x' * 257}", "omnix does not know product xxx"),
    ],
)
def test_who_is_unknown_gets_a_clear_sentence(door: Door, query: str, words: str) -> None:
    assert words in read(door, query).text


def test_a_customer_without_lists_sees_the_popular_products_labelled(door: Door) -> None:
    door.side.register({"customerId": "max"})
    page = read(door, "?customer=max")
    assert "There is no list for this customer." in page.text
    assert "Popular products Popular products: there is no list for this customer" in page.text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_a_text(door: Door, name: str) -> None:
    door.side.register({"customerId": name})
    plain = read(door, "?customer=zoe")
    for page in (plain, read(door), read(door, "?product=milk"), read(door, f"?customer={quote(name)}")):
        assert not {"script", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
        assert not any(key.startswith("on") or key == "style" for _, found in page.elements for key in found)
        assert all((link["href"] or "").startswith(("/", "#")) for link in page.all("a"))
        assert "\u202e" not in page.text and "1337" not in page.text
        assert len(page.all("title")) == (2 if page.all("svg") else 1)
    if "\u202e" not in name:
        assert name in plain.text


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.sampled_from(["customer", "product"]))
def test_whatever_is_asked_is_answered_with_a_page(shop: Door, asked: str, kind: str) -> None:
    page = read(shop, f"?{kind}={quote(asked)}")
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in read(shop, "?customer=zoe").elements} | {"p"}
    assert not any(one in page.text for one in "\x00\x1b\u202e\u2028")


def test_a_long_name_is_cut_in_the_drawing_only(door: Door) -> None:
    assert LONG.strip().title() in read(door, "?customer=zoe").text


def test_what_a_table_may_hold_is_shown(door: Door) -> None:
    """Rows of older services: an entry with an unreadable date, and one without a name."""
    item = door.store.get("recommendations", "zoe#replenishment", now=NOON)
    assert item
    first, second = item["recommendations"][:2]
    first["predictedPurchaseDate"] = "soon"
    del second["productName"]
    door.store.put_many("recommendations", [item])
    assert "tea" in read(door, "?customer=zoe").text


def test_profiles_of_an_older_service(door: Door) -> None:
    wishes = {"dietaryRestrictions": "vegan", "favoriteCategories": [7], "budgetRange": {"max": 20}}
    shapes: list[dict[str, Any]] = [{"preferences": wishes}, {"preferences": [], "consent": "yes"}, {}]
    for number, blocks in enumerate(shapes):
        door.store.put_many("customer-profiles", [{"customerId": f"old{number}", "segment": "loyal", **blocks}])
        page = read(door, f"?customer=old{number}")
        assert "Segment loyal" in page.text
        assert ("Diets vegan Favourite categories 7 Budget 0 to 20" in page.text) == (number == 0)


def test_with_keys_it_asks_for_the_token_that_the_endpoints_ask_for(tmp_path: Path) -> None:
    door = filled(Door(tmp_path, keyed()))
    for query in ("", "?customer=zoe", "?product=milk"):
        assert door.call("GET", f"/{query}").status_code == 401
        assert "Jam" in read(door, headers=bearer("zoe")).text
    assert "Milk" in read(door, "?customer=zoe", headers=bearer("zoe")).text
    refused = door.call("GET", "/?customer=zoe", headers=bearer("max"))
    assert (refused.status_code, "Milk" in refused.text) == (403, False)
    assert "Milk" in read(door, "?customer=zoe", headers=bearer(*SERVICE)).text
    assert door.call("GET", "/style.css").status_code == door.call("GET", "/icon.svg").status_code == 200


def test_it_needs_nothing_that_its_policy_forbids(door: Door) -> None:
    answer = door.call("GET", "/?customer=zoe")
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    page = Read(answer.text)
    assert [link["href"] for link in page.all("link")] == ["/style.css", "/icon.svg"]
    assert answer.headers["cache-control"] == "no-store"
    assert {route.path for route in page_routes.router.routes} == {"/", "/style.css", "/icon.svg"}  # type: ignore[attr-defined]
