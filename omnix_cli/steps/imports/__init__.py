"""Cleaning of input rows: bound to columns, parsed, checked, given their ids."""
