"""Importing in one line: read, clean, identify, compare, store; and the quarantine.

The rules of cleaning and identity are pure functions in `steps.imports`.
"""
