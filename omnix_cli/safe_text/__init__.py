"""Texts from files, stores, services and users made safe to show and to record.

Nothing here knows where a text comes from or where it goes.
"""
