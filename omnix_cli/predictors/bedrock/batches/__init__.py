"""Asking a model in batch jobs, and choosing between batch jobs and asking on demand.

Requests on demand are in `asking`; nothing here knows what a prompt says or what an answer means.
"""
