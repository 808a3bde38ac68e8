"""Whom to ask a model about, and how its answers change the predictions.

Only pure functions of frames: no model is called and no text is parsed here.
"""
