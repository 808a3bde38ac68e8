"""Parquet inputs: their batches, and the columns of them in types that an import can read.

What the values mean is no matter of this folder.
"""
