"""DynamoDB tables as inputs: their exports to S3, and parallel scans that write each page to disk.

Nothing here may write to a table: that is `stores.dynamodb`.
"""
