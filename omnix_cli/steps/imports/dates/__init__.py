"""Dates as files write them: their spellings, and the order of their numbers.

What makes instants of them, and what knows of time zones, is in `steps.imports.instants`.
"""
