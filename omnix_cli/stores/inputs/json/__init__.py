"""JSON inputs: the documents in a stream of bytes, and how each of them becomes rows of texts.

What the values mean is no matter of this folder.
"""
