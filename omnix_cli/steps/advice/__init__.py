"""What looks wrong in the imported data, told as findings with a count, an example and what to do.

Nothing here changes a row: cleaning belongs to steps/imports.
"""
