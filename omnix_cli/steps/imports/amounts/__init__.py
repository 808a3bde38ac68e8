"""What amounts are besides numbers: in some currency, or a code in the wrong column.

How numbers are spelled is no business of this folder: `steps/imports/numbers.py` reads them.
"""
