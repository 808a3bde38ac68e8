"""Asking a model in batch jobs: files of requests, jobs, collected replies.

Whether a batch is worth it is decided by the predictor.
"""
