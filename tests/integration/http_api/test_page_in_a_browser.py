"""The page in Chromium: by keyboard, for a screen reader, on a wide and a narrow screen, with hostile names."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from omnix_cli.services.customers.customer_side import TABLES
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.integration.http_api.doors import serving
from tests.integration.http_api.pages import HOSTILE, NOW, fill

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATHS = (
    "",
    "?customer=zoe",
    "?product=milk",
    "?customer=nobody",
    "?product=te",
    *(f"?customer={quote(name)}" for name in HOSTILE),
)


@dataclass
class Site:
    browser: Browser
    address: str
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str, width: int = 1280) -> Page:
        page = self.browser.new_page(viewport={"width": width, "height": 800})
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(f"{self.address}/{path}")
        return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("page")
    with closing(SqliteStore(folder / "workspace" / "store.sqlite")) as store:
        store.create_tables(TABLES)
        fill(store, now=NOW)
    with serving(folder) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Site(browser, f"http://127.0.0.1:{server.port}")
        browser.close()


@pytest.mark.parametrize("path", PATHS)
def test_hostile_names_do_nothing(site: Site, path: str) -> None:
    page = site.open(path)
    assert page.evaluate("window.pwned") is None
    assert page.locator("script").count() == 0
    assert {url.removeprefix(site.address).partition("?")[0] for url in site.asked} <= {"/", "/style.css", "/icon.svg"}
    assert not site.complaints
    page.close()


def test_by_keyboard(site: Site) -> None:
    page = site.open("")
    order = []
    for _ in range(7):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.id || e.textContent.trim(), parseFloat(s.outlineWidth), s.outlineStyle] }"
        )
        order.append(found[0])
        assert found[1] >= 2 and found[2] != "none", f"{found[0]} does not show that it has the focus"
    assert order == [
        "Skip to the results",
        "omnix",
        "customer",
        "Show customer",
        "product",
        "Show product",
        "Jam",
    ]
    page.locator("#customer").focus()
    page.keyboard.type("zoe")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?customer=zoe")
    assert page.locator("h1").inner_text() == "Customer zoe"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "results"
    page.close()


@pytest.mark.parametrize("path", PATHS[:5])
def test_for_a_screen_reader(site: Site, path: str) -> None:
    page = site.open(path)
    assert page.locator("html").get_attribute("lang") == "en"
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role  # type: ignore[arg-type]
    for name in ("Customers", "Products"):
        assert page.get_by_role("search", name=name).count() == 1
    for name in ("Customer id", "Product name or id"):
        assert page.get_by_label(name, exact=True).count() == 1
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for table in page.locator("table").all():
        assert table.locator("caption").inner_text().strip()
        assert table.locator("thead th[scope=col]").count() >= 2
        assert table.locator("tbody th[scope=row]").count() == table.locator("tbody tr").count()
    for drawing in page.locator("svg").all():
        assert drawing.get_attribute("role") == "img"
    if page.locator("svg").count():
        assert page.get_by_role("img", name="Timeline of what is due").count() == 1
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    page.close()


CONTRAST = """
() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => {
      const style = getComputedStyle(e), ink = e.closest("svg") ? style.fill : style.color;
      const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
      return [e.tagName + "." + e.getAttribute("class"), (a + 0.05) / (b + 0.05)];
    });
}
"""


@pytest.mark.parametrize("path", PATHS[:5])
def test_contrast(site: Site, path: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    page = site.open(path)
    found: list[tuple[str, float]] = page.evaluate(CONTRAST)
    assert len(found) > 10
    assert [one for one in found if one[1] < 4.5] == []
    page.close()


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("path", PATHS[:5])
def test_on_every_screen_all_is_there(site: Site, path: str, width: int) -> None:
    page = site.open(path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawn: list[dict[str, Any]] = page.locator("svg circle, svg text").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().toJSON())"
    )
    assert bool(drawn) == (path == "?customer=zoe")
    assert all(one["left"] >= 0 and one["right"] <= width for one in drawn)
    for button in page.locator("button").all():
        box = button.bounding_box()
        assert box and min(box["width"], box["height"]) >= 44
    page.close()
