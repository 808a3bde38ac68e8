"""Asking a model on demand: requests, pace, budget, prices, errors.

Nothing here knows what a prompt says or an answer means.
"""
