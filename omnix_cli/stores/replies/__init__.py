"""What models answered, on disk before anybody uses it, and shared between machines.

How models are asked and what answers mean is in `predictors.bedrock`.
"""
