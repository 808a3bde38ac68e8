"""Handlers for AWS Lambda: events of orders and purchases, predictions on demand, the HTTP API. What is heavy is loaded
with the first event, since an unused function should cost nothing.
"""
