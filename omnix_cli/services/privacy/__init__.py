"""What is kept about single customers: found, handed out, and erased everywhere with a proof; and what leaves the
machine. How rows are imported and lists are made is elsewhere.
"""
