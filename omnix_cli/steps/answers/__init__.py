"""Who is asked about what, and what becomes of the answers of a model: pure functions of frames."""
