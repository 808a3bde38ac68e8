"""Looking results up: what runs found out, and what is published.

Reading only: nothing here computes or writes.
"""
