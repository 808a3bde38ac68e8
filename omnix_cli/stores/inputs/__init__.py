"""Inputs of imports: files on disk, on S3 or from stdin, and whole tables; a module for each format.

No row may be cleaned or judged here (that is `steps.imports`). A new format is a module with a function `rows`, and one
line in `formats.FORMATS`.
"""
