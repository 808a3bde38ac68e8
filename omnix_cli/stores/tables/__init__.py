"""What the tables are, for every kind of store: keys, indexes, expiry, shapes to compare, pages of a query.

Nothing here reads or writes a table.
"""
