"""From settings to concrete engine, predictor, store and workspace: the only place that chooses."""
