"""The numeric kernels, compiled by numba.

They know arrays and numbers only: no frames, no settings, no files.
"""
