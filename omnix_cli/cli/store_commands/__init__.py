"""Commands that work in the store alone: customers, purchases and published lists. Nothing here decides anything; each
command calls one method of the customer side.
"""
