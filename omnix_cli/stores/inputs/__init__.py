"""Inputs of imports: files and tables; a new format is one module with a function `rows` and one line in `formats`.

No row may be cleaned or judged here: that is `steps.imports`.
"""
