"""The embedded store: tables in one SQLite file, items as JSON.

Only what is SQLite's own lives here; what all stores share is in `stores.tables`.
"""
