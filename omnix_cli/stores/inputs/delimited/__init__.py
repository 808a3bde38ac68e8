"""CSV files as people have them: with titles above the header, notes below the rows, headers in between, stray quotes.

Raises `DataError`. Needs polars and numpy only."""
