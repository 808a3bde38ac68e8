"""What a model answered: parsed, checked against bounds, kept by customer, compared with earlier answers.

Arithmetic on answers is in `steps.answers`.
"""
