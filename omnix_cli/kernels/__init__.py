"""The numeric kernels, compiled by numba, and plain reference implementations to test them against.

They know arrays and numbers only: no frames, no settings, no files.
"""
