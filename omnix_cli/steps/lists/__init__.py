"""The lists: what the shop buys, what each customer needs again, and what is new for them."""
