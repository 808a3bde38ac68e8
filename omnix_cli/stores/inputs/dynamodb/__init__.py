"""DynamoDB tables as inputs: their exports on S3, and scans page by page onto the disk.

Writing tables is in `stores.dynamodb`.
"""
