"""Predictions by a language model on AWS Bedrock."""
