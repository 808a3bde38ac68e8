"""What moving tables keeps: exports, the journal of a copy, item mappings, buckets of keys to compare.

What is copied or compared, and when, is decided in `services.migrations`.
"""
