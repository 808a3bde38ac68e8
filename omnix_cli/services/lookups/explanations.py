"""Why a customer is shown a product, or is not: the numbers behind one pair, or behind one customer's lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.days.chances import STATED_DAYS
from omnix_cli.errors import DataError
from omnix_cli.list_ids import HOMEPAGE_KINDS
from omnix_cli.services.lookups.purchase_facts import PurchaseFacts
from omnix_cli.services.lookups.results import Results

_PAIR = ["customer_id", "product_id"]
_EVIDENCE = 5
"""So many own products are named as evidence for a new one."""
_GIVEN_UP = ("lapsed", "unlikely")


@dataclass(frozen=True)
class Fact:
    """One line of an explanation: a value, and what it is."""

    part: str
    what: str
    value: Any


@dataclass(frozen=True)
class Explanation:
    """The facts, in the order in which people ask for them."""

    facts: tuple[Fact, ...]

    def table(self) -> pl.DataFrame:
        """One row per fact: part, what, value in words."""
        rows = [(fact.part, fact.what, _in_words(fact.value)) for fact in self.facts]
        return pl.DataFrame(rows, schema={"part": pl.String, "what": pl.String, "value": pl.String}, orient="row")

    def document(self) -> dict[str, Any]:
        """The facts as one object: by part, then by what they are."""
        parts: dict[str, Any] = {}
        for fact in self.facts:
            parts.setdefault(fact.part, {})[fact.what] = _plain(fact.value)
        return parts


@dataclass(frozen=True)
class Explainer:
    """Explains the lists of one run by its frames, its settings, and the imported rows."""

    results: Results

    def pair(self, customer: str, product: str) -> Explanation:
        """Why this product, why on this day, why not: for one customer. Raises `DataError` for one that is unknown."""
        self.results.check_customer(customer)
        self.results.check_product(product)
        return Explanation(tuple(_Pair(self.results, customer, product).facts()))

    def customer(self, customer: str) -> Explanation:
        """The customer's lists with a line for each item, and why they are short. Raises `DataError` for an unknown
        customer."""
        self.results.check_customer(customer)
        return Explanation(tuple(_Lists(self.results, customer).facts()))


class _Of:
    """What both explanations look up about the customer and the run."""

    def __init__(self, results: Results, customer: str) -> None:
        self.customer = customer
        self.frames = results.frames
        record = self.frames.record("recommendations")
        self.as_of: date = record.as_of
        self.settings: dict[str, Any] = record.settings
        self.profile = next(iter(results.profile(customer).to_dicts()), {})
        theirs = self.frames.source("purchases").scan().filter(customer_id=customer)
        self.own = PurchaseFacts(theirs, self.frames.source("products").scan(), self.as_of)

    def rows(self, name: str, **filters: Any) -> pl.DataFrame:
        """The rows of a frame for these values; none if no run made the frame."""
        try:
            return self.frames.scan(name).filter(**filters).collect()
        except DataError:
            return pl.DataFrame()

    def row(self, name: str, **filters: Any) -> dict[str, Any]:
        """The only row for these values; empty if there is none."""
        return next(iter(self.rows(name, **filters).to_dicts()), {})

    @property
    def lists(self) -> pl.DataFrame:
        """The customer's lists, in order."""
        return self.rows("recommendations", customer_id=self.customer).sort("list_id", "rank")

    def is_personalised(self) -> bool:
        """Whether the customer agrees to personal lists."""
        consent = self.profile.get("consent_personalisation")
        return bool(self.settings["privacy"]["consent_personalisation"] if consent is None else consent)

    def name_of(self, product: str) -> str:
        """The name of a product, or else its id."""
        found = self.own.products.filter(product_id=product).select("name").collect()
        return str(found.item()) if found.height else product


class _Pair(_Of):
    """One customer and one product."""

    def __init__(self, results: Results, customer: str, product: str) -> None:
        super().__init__(results, customer)
        self.product = product
        self.bought = next(iter(self.own.pairs.filter(product_id=product).to_dicts()), {})
        self.prediction = self.row("predictions", customer_id=customer, product_id=product)
        self.facts_of_product = next(iter(self.own.products.filter(product_id=product).collect().to_dicts()), {})

    def facts(self) -> Iterator[Fact]:
        yield from self._shown()
        yield from self._why_not()
        yield from self._score()
        yield from self._date()
        yield from self._evidence()
        yield from self._product()

    def _shown(self) -> Iterator[Fact]:
        lists = self.lists.filter(product_id=self.product)
        for row in lists.iter_rows(named=True):
            kept = {
                name: row[name] for name in ("rank", "shelf", "score", "confidence", "reason") if row[name] is not None
            }
            yield Fact("lists", row["list_id"], kept)
        if lists.is_empty():
            yield Fact("lists", "shown", "in no list of this customer")

    def _why_not(self) -> Iterator[Fact]:
        for number, rule in enumerate(self._rules(), 1):
            yield Fact("rules", str(number), rule)
        lists = self.lists
        on_homepage = lists.filter(pl.col("kind").is_in(HOMEPAGE_KINDS))
        if on_homepage.filter(product_id=self.product).is_empty() and on_homepage.height:
            last = on_homepage.row(-1, named=True)
            shown = {
                "rank": last["rank"],
                "product_id": last["product_id"],
                "shelf": last["shelf"],
                "score": last["score"],
            }
            yield Fact("cut", "last one shown on the homepage", shown)

    def _rules(self) -> Iterator[str]:
        """The rules that keep the product out, or keep it from the shelf of what is due."""
        if self.profile.get("withdrawn"):
            yield "withdrawn: the customer is gone from a complete export and gets no list"
        if not self.is_personalised():
            yield "consent: the customer does not agree to personal lists and gets what is popular"
        assortment = self.row("assortment", product_id=self.product)
        yield from self._blocks(assortment)
        if self.row("returned", customer_id=self.customer, product_id=self.product):
            yield "returned: bought and returned in full, neither new nor due"
        least = self.settings["recommend"]["min_support"]
        buyers = self.row("popularity", kind="popular", product_id=self.product).get("customers") or 0
        if not self.bought and buyers < least:
            yield f"min_support: {buyers} customers bought it, and it is offered to others from {least} on"
        yield from self._wishes(assortment)
        yield from self._not_due()

    def _blocks(self, assortment: dict[str, Any]) -> Iterator[str]:
        """Why it is in no list at all; the step `assortment` decides, where the run has it."""
        product = self.facts_of_product
        if assortment.get("blocked"):
            yield f"{assortment['blocked']}: in no list at all"
        elif not assortment and product:
            excluded = [name.lower() for name in self.settings["recommend"]["excluded_categories"]]
            if str(product["category"]).lower() in excluded:
                yield "excluded_category: in no list at all"
            if product["withdrawn"]:
                yield "withdrawn: gone from a complete catalogue"
            if product["stock"] is not None and product["stock"] <= 0:
                yield f"out_of_stock: stock {product['stock']}"
        if assortment.get("dormant") and not self.bought:
            yield f"dormant: last sold on {assortment['last_day']}, offered to nobody new"

    def _wishes(self, assortment: dict[str, Any]) -> Iterator[str]:
        """The rules of the customer's profile: budget and diet."""
        price, lowest, highest = (
            self.facts_of_product.get("price"),
            *map(self.profile.get, ("budget_min", "budget_max")),
        )
        if price is not None and not (lowest or price) <= price <= (price if highest is None else highest):
            yield f"budget: price {price}, budget {lowest or 0} to {'any' if highest is None else highest}"
        diet = {name.lower() for name in self.profile.get("dietary_restrictions") or ()}
        labels = {name.lower() for name in self.facts_of_product.get("dietary") or ()}
        if diet - labels and not assortment.get("not_food"):
            missing, known = (", ".join(sorted(some)) for some in (diet - labels, labels))
            yield f"dietary: {missing} is not among its labels ({known or 'none'})"

    def _not_due(self) -> Iterator[str]:
        told = self.prediction
        if self.bought and not told:
            least = self.settings["prediction"]["min_alive"]
            yield f"no prediction: the chance that it is bought again is below min_alive ({least})"
        elif told and 2 * (self.as_of - told["last_day"]).days < (told["interval_days"] or 0):
            yield f"not due yet: bought {self._ago()} ago, usually every {told['interval_days']:.0f} days"
        elif told and told["urgency"] in _GIVEN_UP:
            yield f"{told['urgency']}: {self._rule_of_state()}"

    def _score(self) -> Iterator[Fact]:
        ranked = self.row("rankings", customer_id=self.customer, product_id=self.product)
        if not ranked:
            why = (
                "the run has no rankings"
                if self.rows("rankings", customer_id=self.customer).is_empty()
                else "no candidate"
            )
            yield Fact("score", "rank", why)
            return
        kind = "bought before" if ranked["known"] else "new to the customer"
        yield Fact("score", "rank", f"{ranked['rank']} of what is {kind}")
        yield Fact("score", "score", ranked["score"])
        yield from self._parts_of_score(ranked)

    def _parts_of_score(self, ranked: dict[str, Any]) -> Iterator[Fact]:
        """What made the score: the features of the learned ranker, or the parts of the formula."""
        part = "known" if ranked["known"] else "new"
        if self.row("ranker", part=part, model="chosen"):
            yield Fact("score", "by", "the learned ranker: the features add up to the logit of the score")
            for feature in ranked["contributions"]:
                yield Fact("score", feature["feature"], feature["value"])
        elif not ranked["known"]:
            yield Fact("score", "by", "the formula: its mean score as a neighbour of what the customer buys")
        else:
            yield Fact("score", "by", "the formula: share of shopping days, newer ones weigh more, times repeat share")
            popular = self.row("popularity", kind="popular", product_id=self.product)
            if popular:
                yield Fact("score", "share of shopping days", ranked["score"] / popular["repeat_share"])
                yield Fact("score", "repeat share of the product", popular["repeat_share"])

    def _date(self) -> Iterator[Fact]:
        told = self.prediction
        if not told:
            return
        yield Fact("date", "state", told["urgency"])
        yield Fact("date", "rule of the state", self._rule_of_state())
        names = ("predicted_date", "next_expected_date", "date_p10", "date_p90", "interval_days", "alive")
        chances = tuple(f"probability_{days}d" for days in STATED_DAYS)
        for name in (*names, *chances, "expected_quantity", "reason", "predictor"):
            if name in told:
                yield Fact("date", name, told[name])

    def _rule_of_state(self) -> str:
        """What made the state, in the words and numbers of the settings."""
        told, settings = self.prediction, self.settings["prediction"]
        elapsed, state = (self.as_of - told["last_day"]).days, told["urgency"]
        if state in ("urgent", "upcoming"):
            days, least = settings[f"{state}_days"], settings[f"{state}_probability"]
            return f"the chance of a purchase within {days} days is at least {least}"
        if state in _GIVEN_UP:
            return (
                f"the chance that it is bought again ({told['alive']:.3f}) is below lapsed_alive "
                f"({settings['lapsed_alive']}), {elapsed} days after the last purchase"
            )
        since = f"{counted(elapsed, 'day')} since the last purchase"
        if told["interval_days"] is None:
            return f"{since}; nobody can say how often it is bought"
        longer = "longer than the usual" if state == "overdue" else "usually"
        return f"{since}, {longer} {told['interval_days']:.0f}"

    def _ago(self) -> str:
        return counted((self.as_of - self.bought["last"]).days, "day")

    def _evidence(self) -> Iterator[Fact]:
        if self.bought:
            days = self.own.days.filter(product_id=self.product)["day"].sort().to_list()
            yield Fact("evidence", "bought on", days)
            yield Fact("evidence", "gaps in days", self.bought["gaps"])
            yield Fact("evidence", "days since the last", (self.as_of - self.bought["last"]).days)
            return
        yield Fact("evidence", "bought on", [])
        near = self.rows("neighbours", neighbour_id=self.product)
        if near.is_empty():
            return
        linked = near.join(self.own.pairs, on="product_id").sort("score", "product_id", descending=[True, False])
        for row in linked.head(_EVIDENCE).iter_rows(named=True):
            together = (
                f"bought together by {counted(row['customers'], 'customer')} (lift {row['lift']:.2f})"
                if row["co_purchase"] is not None
                else "not bought together more than by chance"
            )
            own = f"{self.name_of(row['product_id'])} ({row['product_id']}), bought on {counted(row['times'], 'day')}"
            yield Fact("evidence", own, f"{together}; score {row['score']:.3f}, rank {row['rank']}")

    def _product(self) -> Iterator[Fact]:
        for name in ("name", "category", "brand", "price", "stock"):
            if self.facts_of_product.get(name) is not None:
                yield Fact("product", name, self.facts_of_product[name])
        buyers = self.row("popularity", kind="popular", product_id=self.product).get("customers")
        yield Fact("product", "customers who bought it", buyers or "too few to say")


class _Lists(_Of):
    """One customer and all their lists."""

    def facts(self) -> Iterator[Fact]:
        yield from self._customer()
        lists = self.lists
        for row in lists.iter_rows(named=True):
            shelf = f" on {row['shelf']}" if row["shelf"] else ""
            line = (
                f"{row['product_name']} ({row['product_id']}){shelf}, chance {row['confidence']:.3f}: {row['reason']}"
            )
            yield Fact(row["list_id"], str(row["rank"]), line)
        yield from self._short(lists)

    def _customer(self) -> Iterator[Fact]:
        pairs = self.own.pairs
        yield Fact("customer", "products bought", pairs.height)
        if pairs.height:
            days = self.own.days["day"]
            yield Fact("customer", "shopping days", days.n_unique())
            yield Fact("customer", "first and last day", [days.min(), days.max()])
        yield Fact("customer", "agrees to personal lists", self.is_personalised())
        for name in ("dietary_restrictions", "budget_min", "budget_max", "favorite_categories", "brand_preferences"):
            if self.profile.get(name) not in (None, []):
                yield Fact("customer", name, self.profile[name])
        states = self.rows("predictions", customer_id=self.customer)
        if states.height:
            counts = states.group_by("urgency").len().sort("len", descending=True)
            yield Fact("customer", "states", {str(state): count for state, count in counts.iter_rows()})

    def _short(self, lists: pl.DataFrame) -> Iterator[Fact]:
        """Why a list is short or empty."""
        wanted = self.settings["recommend"]["count"]
        homepage = lists.filter(pl.col("kind").is_in(HOMEPAGE_KINDS)).height
        if self.profile.get("withdrawn"):
            yield Fact("short", "homepage", "withdrawn: gone from a complete export of customers, gets no list")
        elif not homepage:
            rule = self.row("unlisted", customer_id=self.customer).get("rule")
            why = (
                f"most of what could be offered was removed by the rule {rule}" if rule else "nothing could be offered"
            )
            yield Fact("short", "homepage", why)
        elif homepage < wanted:
            yield Fact("short", "homepage", f"{homepage} of {wanted}: no more products pass the rules")
        if lists.filter(kind="replenishment").is_empty():
            yield Fact("short", "replenishment", self._nothing_due())

    def _nothing_due(self) -> str:
        if not self.is_personalised():
            return "consent: the customer does not agree to personal lists"
        if self.own.pairs.is_empty():
            return "the customer has not bought anything yet"
        return "nothing is urgent, upcoming or overdue"


def _plain(value: Any) -> Any:
    """The value as JSON has it: a price is a number."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value)) or "none"
    return str(value)
