"""Predictors: they forecast when each customer needs what again, all with the frame `predictions` as their result.

A predictor reads no checkpoint and no store, and knows nothing of runs; a model's predictor has a folder of its own.
"""
