"""What is no product and what is no food: the record behind `configs/rules/not_products.toml`."""

from __future__ import annotations

from omnix_cli.settings.section import Section, Texts


class ProductRules(Section):
    """Patterns of a whole text, compared without case: `*` is any text, `?` one character."""

    codes: Texts = ()
    """Product ids that are no products (postage, discounts)."""
    short_codes: Texts = ()
    """Such ids that count only where most ids are longer."""
    names: Texts = ()
    """Names that are no products; numbers, currencies and punctuation at the end of a name do not count."""
    not_food: Texts = ()
    """Categories that hold nothing to eat."""

    def __add__(self, other: ProductRules) -> ProductRules:
        """The rules of both."""
        return ProductRules(**{name: (*getattr(self, name), *getattr(other, name)) for name in type(self).model_fields})


NO_RULES = ProductRules()
