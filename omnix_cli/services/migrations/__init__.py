"""Moving tables: export, copy, verify, undo, backfill, and files for DynamoDB's bulk load.

Each use case is one function that gets opened stores and returns a report; settings are read and stores opened in
`wiring`, and the format of exports and journals belongs to `stores.migrations`.
"""
