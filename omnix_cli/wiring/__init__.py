"""From settings to what they name: engine, predictor, store and workspace.

It only opens them: what is done with them is decided in `services`.
"""
