"""How a request reaches DynamoDB: credentials, signing, connections, retries, errors.

Nothing here knows tables or items.
"""
