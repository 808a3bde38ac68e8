"""The nearest products of every product: bought together, described alike, and both blended.

Frames become arrays here; the arithmetic on the arrays belongs to kernels/.
"""
