"""Days of a shop: the seasons they are in, those that stray from all others, and the chance of a purchase within them.

Nothing here may know settings or read stored frames.
"""
