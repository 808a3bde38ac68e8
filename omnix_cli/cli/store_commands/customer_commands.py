"""`omnix customers ...`: profiles, purchases, interactions and predictions of single customers, in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnix_cli.cli.options import Chosen, DryRun, OutputSession, command, note, render
from omnix_cli.cli.store_commands.shown_documents import Data, document, number, write_document, write_items, write_page

if TYPE_CHECKING:
    from omnix_cli.services.privacy.forgetting import Receipt

app = typer.Typer(
    name="customers", help="Register customers and look after their data in the store.", no_args_is_help=True
)

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")]
PageLimit = Annotated[int, typer.Option("--limit", min=1, max=500, help="Show at most so many rows.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="Continue after the page that ended with this cursor.")]
Version = Annotated[
    int | None, typer.Option("--version", min=1, help="Change the profile only if it is at this version.")
]
Agrees = Annotated[bool | None, typer.Option("--personalisation/--no-personalisation", help="Agree to personal lists.")]
AgreesToAi = Annotated[
    bool | None, typer.Option("--ai-analysis/--no-ai-analysis", help="Agree to having a model asked.")
]


_PATTERN = ("productId", "productName", "predictedNextPurchaseDate", "confidence", "reason")
"""What a table shows of a prediction."""


@dataclass(frozen=True)
class PreferenceOptions:
    """The parts of the preferences; a list is replaced whole."""

    diet: Annotated[list[str] | None, typer.Option("--diet", help="A dietary restriction (repeatable).")] = None
    category: Annotated[list[str] | None, typer.Option("--category", help="A favourite category (repeatable).")] = None
    brand: Annotated[list[str] | None, typer.Option("--brand", help="A preferred brand (repeatable).")] = None
    min_budget: Annotated[
        str | None, typer.Option("--min-budget", help="The lowest price of interest (without it: 0).")
    ] = None
    max_budget: Annotated[
        str | None, typer.Option("--max-budget", help="The highest price of interest (without it: none).")
    ] = None

    def values(self) -> dict[str, Any]:
        """As a document."""
        budget = _given({"min": self.min_budget, "max": self.max_budget})
        texts = {"dietaryRestrictions": self.diet, "favoriteCategories": self.category, "brandPreferences": self.brand}
        return _given({**texts, "budgetRange": {name: number(text) for name, text in budget.items()} or None})


@dataclass(frozen=True)
class DemographicOptions:
    """Who the customer is."""

    age: Annotated[int | None, typer.Option("--age", help="The age in years (18 to 120).")] = None
    gender: Annotated[str | None, typer.Option("--gender", help="The gender.")] = None
    location: Annotated[str | None, typer.Option("--location", help="The place.")] = None
    family_size: Annotated[int | None, typer.Option("--family-size", help="People in the household (1 to 20).")] = None

    def values(self) -> dict[str, Any]:
        """As a document."""
        return _given(
            {"age": self.age, "gender": self.gender, "location": self.location, "familySize": self.family_size}
        )


@command(app, "omnix customers register 1142 --age 50 --diet vegan --max-budget 20")
def register(
    customer: Customer,
    session: OutputSession,
    demographics: DemographicOptions,
    preferences: PreferenceOptions,
    personalisation: Agrees = None,
    ai_analysis: AgreesToAi = None,
    data: Data = None,
) -> None:
    """Register a customer. The same registration again changes nothing; another one is refused."""
    values = document(
        data,
        {
            "demographics": demographics.values(),
            "preferences": preferences.values(),
            "consent": _given({"personalisation": personalisation, "aiAnalysis": ai_analysis}),
        },
    )
    with session.workspace.customers() as customers:
        registered = customers.register({**values, "customerId": customer})
    if not registered.created:
        note(f"{customer} was registered already")
    write_document(session, registered.profile, title=f"Customer {customer}")


@command(app, "omnix customers profile 1142")
def profile(customer: Customer, session: OutputSession) -> None:
    """Show the profile of a customer."""
    with session.workspace.customers() as customers:
        found = customers.profile(customer)
    write_document(session, found, title=f"Customer {customer}")


@command(app, "omnix customers preferences 1142 --category DAIRY --category BREAD --max-budget 15")
def preferences(
    customer: Customer,
    session: OutputSession,
    preferences: PreferenceOptions,
    version: Version = None,
    data: Data = None,
) -> None:
    """Replace the preferences that are given, each whole; the others stay. The two ends of the budget are one
    preference: give both."""
    change = document(data, preferences.values())
    if not change:
        note("nothing to change: give a preference, or --data FILE")
    with session.workspace.customers() as customers:
        changed = customers.change_preferences(customer, change, version=version)
    write_document(session, changed, title=f"Customer {customer}")


@command(app, "omnix customers consent 1142 --no-ai-analysis")
def consent(
    customer: Customer,
    session: OutputSession,
    personalisation: Agrees = None,
    ai_analysis: AgreesToAi = None,
    version: Version = None,
) -> None:
    """Set what a customer agrees to. Lists and questions to models follow with the next run."""
    given = _given({"personalisation": personalisation, "aiAnalysis": ai_analysis})
    if not given:
        note("nothing to change: give --[no-]personalisation or --[no-]ai-analysis")
    with session.workspace.customers() as customers:
        changed = customers.set_consent(customer, given, version=version)
    write_document(session, changed, title=f"Customer {customer}")


@command(app, "omnix customers purchases 1142 --limit 20")
def purchases(customer: Customer, session: OutputSession, limit: PageLimit = 50, cursor: Cursor = None) -> None:
    """Show a customer's purchases in the store, newest first."""
    with session.workspace.customers() as customers:
        page = customers.purchases(customer, limit=limit, cursor=cursor)
    if not page.items and not cursor:
        note("there are none in the store; `omnix tables backfill` writes imported purchases to it")
    brief = ("purchaseDate", "productId", "quantity", "unitPrice", "totalPrice", "orderId", "id")
    write_page(session, page, title=f"Purchases of {customer}", brief=brief)


@command(app, "omnix customers interactions 1142 --format json")
def interactions(customer: Customer, session: OutputSession, limit: PageLimit = 50, cursor: Cursor = None) -> None:
    """Show a customer's interactions in the store, newest first."""
    with session.workspace.customers() as customers:
        page = customers.interactions(customer, limit=limit, cursor=cursor)
    brief = ("timestamp", "interactionType", "productId", "sessionId", "id")
    write_page(session, page, title=f"Interactions of {customer}", brief=brief)


@command(app, "omnix customers interact 1142 1082185 --type view")
def interact(
    customer: Customer,
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's id.")],
    session: OutputSession,
    type: Annotated[str, typer.Option("--type", help="view, add_to_cart, remove_from_cart, wishlist or search.")],
    at: Annotated[str | None, typer.Option("--happened-at", help="When it happened (ISO 8601; default: now).")] = None,
    id: Annotated[str | None, typer.Option("--id", help="An id, so that repeating the command is safe.")] = None,
    browsing: Annotated[str | None, typer.Option("--session-id", help="The customer's session.")] = None,
    data: Data = None,
) -> None:
    """Record what a customer did with a product."""
    given = _given({"timestamp": at, "id": id, "sessionId": browsing})
    interaction = document(data, {"productId": product, "interactionType": type, **given})
    with session.workspace.customers() as customers:
        item, is_new = customers.record_interaction(customer, interaction)
    if not is_new:
        note(f"{item['id']} was recorded already")
    write_document(session, item, title=f"Interaction of {customer}")


@command(app, "omnix customers predictions 1142")
def predictions(customer: Customer, session: OutputSession) -> None:
    """Show what a customer will need, as the last run published it."""
    with session.workspace.customers() as customers:
        patterns = customers.consumption_predictions(customer)
    write_items(session, patterns, title=f"Predictions for {customer}", brief=_PATTERN)


@command(app, "omnix customers alerts 1142")
def alerts(customer: Customer, session: OutputSession) -> None:
    """Show what a customer will need: urgent by tomorrow, upcoming within 7 days, where the confidence is high enough
    (above 0.7 and 0.6)."""
    with session.workspace.customers() as customers:
        found = customers.replenishment_alerts(customer)
    if session.format == "json":
        write_document(session, found, title=f"Alerts for {customer}")
        return
    rows = [{"alert": alert, **pattern} for alert, patterns in found.items() for pattern in patterns]
    write_items(session, rows, title=f"Alerts for {customer}", brief=("alert", *_PATTERN))


@command(app, "omnix customers prediction 1142 1082185")
def prediction(
    customer: Customer,
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's id.")],
    session: OutputSession,
) -> None:
    """Show when a customer will need one product, as the last run published it."""
    with session.workspace.customers() as customers:
        found = customers.purchase_prediction(customer, product)
    write_document(session, found, title=f"Prediction of {product} for {customer}")


@command(app, "omnix customers segments 1142")
def segments(
    session: OutputSession,
    chosen: Chosen,
    customer: Annotated[str | None, typer.Argument(metavar="[CUSTOMER]", help="Only this customer.")] = None,
) -> None:
    """Show the segments of the customers, or of one the segment, why, and how they shop. It reads the runs, not the
    store."""
    rows = session.workspace.segments(customer, **vars(chosen))
    if customer is None:
        session.write(rows, title="Segments", brief=("segment", "customers", "share", "meaning"))
        return
    brief = ("segment", "average_order_value", "shopping_frequency", "preferred_times", "reason")
    session.write(rows, title=f"Segment of {customer}", brief=brief)


@command(app, "omnix customers export 1142 --output customer.json")
def export(customer: Customer, session: OutputSession) -> None:
    """Show all that is stored about a customer, and where: in the store, the workspace, the answers of models."""
    found = session.workspace.privacy.export(customer)
    pieces = [{"place": place, **piece} for place, kept in found["kept"].items() for piece in kept]
    if session.format == "json" or (session.format == "table" and session.output):
        write_document(replace(session, format="json"), found, title=f"Customer {customer}")
        return
    write_items(session, pieces, title=f"What is stored about {customer}", brief=("place", "where", "content"))


@command(app, "omnix customers forget 1142 --purge")
def forget(
    customer: Customer,
    session: OutputSession,
    purge: Annotated[
        bool, typer.Option("--purge", help="Also rewrite what is stored without the customer, and search every byte.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Forget a customer: erase what is stored, keep imports from bringing it back, and give a receipt."""

    def show(receipt: Receipt) -> None:
        values = {**receipt.content(), "signature": receipt.signature}
        if receipt.dry_run:
            values = {"would_erase" if purge else "would_erase_or_hide": receipt.erased}
        write_document(session, values, title="Receipt" if not receipt.dry_run else "What would be erased")
        if receipt.hidden:
            note(f"{receipt.hidden:,} stored rows are hidden; --purge erases them")

    render(lambda: session.workspace.privacy.forget(customer, purge=purge, dry_run=dry_run), show)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
