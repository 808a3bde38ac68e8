"""Predictions by a language model on Amazon Bedrock: which questions to ask, how to ask them, what the answers mean.

No formula may live here: those on answers are in `steps.answers`.
"""
