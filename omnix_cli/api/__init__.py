"""The Python API: each command of `omnix` as one plain function, for notebooks, HTTP, Lambda, tests and the CLI.

A function takes keyword arguments, opens what it needs, calls one service and returns a report or a polars frame;
nothing here parses, prints or decides.
"""
