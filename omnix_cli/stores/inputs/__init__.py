"""Where rows come from and how each format becomes rows: files, streams, tables; CSV, JSON, Parquet.

Nothing here cleans or judges a row: that is `steps.imports`.
"""
