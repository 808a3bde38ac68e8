"""How a request reaches DynamoDB: credentials, signing, connections, retries.

It knows requests and answers, but no tables and no items.
"""
