"""Use cases: what each command does, as functions that take protocols and values and return small reports.

Services decide; they never print, parse arguments or read settings files.
"""
