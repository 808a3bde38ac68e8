"""The reasons that omnix gives: each sentence is written by a step and read again by the check, by one wording.

What a reason claims is computed in steps/ and counted again in services/lookups.
"""
