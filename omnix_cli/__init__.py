"""omnix: batch analytics on purchase history, from import to published recommendations."""

__version__ = "0.1.0"
