"""Schemas of stored frames, a module for each part of omnix that has several; `schemas` lists all frames.

Nothing here may know how a frame is computed or stored.
"""
