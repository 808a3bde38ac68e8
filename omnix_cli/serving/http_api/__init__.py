"""The HTTP API: routes, tokens, bounds and errors. Nothing here reads or writes a table itself."""
