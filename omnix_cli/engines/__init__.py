"""Engines: they run the steps of the plan, on the customers of one machine or on a cluster.

An engine decides where and in which slices a step runs; it never changes a result, and it opens no workspace.
"""
