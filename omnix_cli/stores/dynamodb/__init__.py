"""DynamoDB as a table store: its wire format, signed requests, bulk writing, tables, exports."""
