"""How results look: text and rich tables, JSON, CSV and Parquet."""
