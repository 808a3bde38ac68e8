"""Asking a model on demand: requests, pace, retries, prices and the budget.

Nothing here knows what a prompt says or what an answer means.
"""
