"""JSON documents from outside: numbers and validated records. Nothing here reads a file or a table."""
