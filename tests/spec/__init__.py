"""What the shop does, as small tables that a shopkeeper can read: purchases in, expected rows out.

Each test states one rule in its name and its first line. No mocks, no files, no formulas: those are in tests/unit.
"""
