"""What is held in memory of rows while an import is read: runs being collected, hashes, days of orders.

No decision about a row may live here: `compare_rows` decides what is written and what is compared.
"""
