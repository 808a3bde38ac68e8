"""Handlers for AWS Lambda: events of orders and purchases, predictions on demand, the HTTP API. What is heavy is loaded
before the snapshot of SnapStart, else with the first event, since an unused function should cost nothing.
"""
