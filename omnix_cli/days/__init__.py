"""Calendar days of a shop: the seasons they are in, and those that stray from all others.

Nothing here may know frames or settings.
"""
