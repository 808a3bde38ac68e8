"""Bringing a store to hold exactly the latest lists: what differs, the lease, the read-back.

How a store writes is in `stores`.
"""
