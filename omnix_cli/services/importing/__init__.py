"""Importing in one line: read, clean, identify, compare, store; `imports` and `quarantine` put the stages together.

No rule about a single row may live here: cleaning and identity are pure functions in `steps.imports`.
"""
