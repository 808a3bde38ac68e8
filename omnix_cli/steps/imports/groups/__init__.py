"""Groups of lines: what files state about them, what stands after an import, and the ids of its lines."""
