"""Groups of lines: what files state about them, what counts after an import, and the ids of the lines.

Nothing about reading a row may live here: rows come clean and identified.
"""
