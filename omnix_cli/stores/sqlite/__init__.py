"""The embedded store: tables in one SQLite file, items as JSON.

Only what is SQLite lives here; what every store shares is in `stores.tables`.
"""
