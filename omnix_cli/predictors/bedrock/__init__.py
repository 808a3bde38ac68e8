"""Predictions by a language model on Amazon Bedrock: which questions to ask, how to ask them, what the answers mean.

`predictor` puts the rooms together; `personal_data` guards everything that is sent. Formulas are in `steps.answers`.
"""
