"""The replies of models: a SQLite file on this machine, and a folder to share them with other machines.

How models are asked and what their answers mean is in `predictors.bedrock`.
"""
