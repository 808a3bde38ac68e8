"""The statistics of purchase rhythms: what customers share, the chance of the next purchase, measures of quality.

No predictor and no language model: predictors/ turns these numbers into predictions.
"""
