"""What is kept: tables, checkpoints, run records, and the readers of input files."""
