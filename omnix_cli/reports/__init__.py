"""How results look: tables on a terminal, JSON, CSV, Parquet, and the settings as a configuration file.

Nothing here looks anything up or decides what is shown.
"""
