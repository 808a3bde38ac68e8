"""Doors for other programs: each turns a request into one call of the customer side. Nothing here decides what is
stored or shown.
"""
