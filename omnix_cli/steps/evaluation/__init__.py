"""How good results are on data that they have not seen: splits, baselines, metrics and their intervals.

Pure functions of arrays and frames; running the real steps on a cut history belongs to services/evaluation.
"""
