"""CSV files as people have them: titles above the header, notes below the rows, headers in between, stray quotes.

Nothing may be judged here by what a field means: that is `steps.imports`.
"""
