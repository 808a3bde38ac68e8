"""The files of a migration: exports, the journal of a copy, rewrite rules, and buckets of keys to compare.

What is copied or compared, and when, is decided in `services.migrations` and may not be decided here.
"""
