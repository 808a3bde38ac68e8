"""When is what needed again: one answer schema, several ways to find the answer."""
