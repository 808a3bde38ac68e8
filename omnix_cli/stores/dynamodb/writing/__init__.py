"""Fast writing to DynamoDB: the bulk writer, encoded frames, write limits, files that DynamoDB loads by itself.

Nothing here reads items or creates tables.
"""
