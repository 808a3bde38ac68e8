"""Why not: the rule that keeps a product out of a customer's lists, by its name and its numbers."""

from __future__ import annotations

import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace

PRODUCTS = """product_id,name,category,price,stock,dietary
tea,Green tea,Drinks,3.00,9,vegan
milk,Milk,Drinks,1.00,9,vegetarian
cigars,Cigars,Tobacco,9.00,9,
jam,Jam,Spreads,2.00,0,vegan
wine,Old wine,Drinks,90.00,9,vegan
rare,Rare tea,Drinks,3.00,9,vegan
"""
CUSTOMERS = """customer_id,dietary_restrictions,budget_max,consent_personalisation
ann,vegan,20.00,true
shy,,,false
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("rules")
    lines = ["customer_id,product_id,order_id,purchased_at,quantity,total_price"]
    for number in range(8):
        for week in range(8):
            for product in ("tea", "milk", "cigars", "jam", "wine"):
                day = f"2024-0{4 + week // 4}-{1 + 7 * (week % 4):02}T10:00:00"
                lines.append(f"c{number},{product},c{number}-{week},{day},1,3.00")
    lines += ["bob,rare,b1,2024-05-01T10:00:00,1,3.00"]
    lines += [f"ann,tea,a{day},2024-05-{day:02}T10:00:00,1,3.00" for day in (1, 8, 15, 22, 30)]
    lines += ["ann,gone,ar,2024-03-05T10:00:00,1,3.00", "shy,tea,s1,2024-05-01T10:00:00,1,3.00"]
    files = {"purchases": "\n".join(lines) + "\n", "products": PRODUCTS, "customers": CUSTOMERS}
    workspace = open_workspace(
        folder / "ws", settings={"as_of": "2024-06-01", "recommend.excluded_categories": ["Tobacco"]}
    )
    for kind, text in files.items():
        (folder / f"{kind}.csv").write_text(text)
        workspace.imports.files(kind, [str(folder / f"{kind}.csv")])
    workspace.run()
    return workspace


def rules(workspace: Workspace, customer: str, product: str) -> str:
    return "\n".join(workspace.explain_customer(customer, product).document().get("rules", {}).values())


@pytest.mark.parametrize(
    ("customer", "product", "rule"),
    [
        ("ann", "cigars", "excluded_category"),
        ("ann", "jam", "out_of_stock"),
        ("ann", "gone", "not_in_catalogue"),
        ("ann", "wine", "budget: price 90.00, budget 0 to 20.00"),
        ("ann", "milk", "dietary: vegan is not among its labels (vegetarian)"),
        ("ann", "rare", "min_support: 0 customers bought it, and it is offered to others from 3 on"),
        ("ann", "tea", "not due yet: bought 2 days ago, usually every 7 days"),
        ("shy", "milk", "consent: the customer does not agree to personal lists"),
    ],
)
def test_the_rule_is_named(workspace: Workspace, customer: str, product: str, rule: str) -> None:
    assert rule in rules(workspace, customer, product)


def test_what_no_rule_keeps_out_has_no_rule(workspace: Workspace) -> None:
    assert rules(workspace, "c0", "tea") == ""


def test_a_customer_without_consent_is_told_so(workspace: Workspace) -> None:
    why = workspace.explain_customer("shy").document()
    assert why["customer"]["agrees to personal lists"] is False
    assert "consent" in why["short"]["replenishment"]
