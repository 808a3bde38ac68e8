"""The use cases: they take protocols and values, return small reports, and never print."""
