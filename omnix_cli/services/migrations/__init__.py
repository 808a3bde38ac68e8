"""Moving tables: export, copy, compare, undo, backfill.

Files and journals are kept by `stores.migrations`.
"""
