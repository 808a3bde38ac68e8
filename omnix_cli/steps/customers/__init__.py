"""How customers shop, from their orders: patterns of each customer, and segments. Nothing here knows the products."""
