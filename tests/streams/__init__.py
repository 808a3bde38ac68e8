"""Generated shops: what happens in them, what their systems export, and what should stand after an import."""
