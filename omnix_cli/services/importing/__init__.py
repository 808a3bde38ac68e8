"""Importing in one line: read, clean, identify, compare, (cancel,) store; and the quarantine. Start with `imports`.

No rule about a single row may live here: cleaning and identity are pure functions in `steps.imports`.
"""
