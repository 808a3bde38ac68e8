"""What is done with models besides predicting: estimate the cost, compare, test prompts, collect jobs, retry.

Functions take what they need (a predictor, a runner, a ledger) and return small reports; nothing here connects to AWS.
"""
