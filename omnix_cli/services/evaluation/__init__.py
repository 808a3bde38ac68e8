"""Evaluations on the user's own purchases: what each asks, the real steps on a cut history, and what is kept of it.

Splits, baselines and metrics are in steps/evaluation; nothing here may see a purchase of the time that it predicts.
"""
