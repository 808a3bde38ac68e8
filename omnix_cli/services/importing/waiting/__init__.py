"""Rows that wait, outside memory, until the rest of their file shows how they are read or whether they are rows at all.

Nothing here may know other files or earlier imports.
"""
