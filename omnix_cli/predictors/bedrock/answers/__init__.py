"""What a model answered: the shape of answers, checked answers, answers of earlier days, the outcome of each customer.

Nothing here may ask a model, write a prompt or compute (`steps.answers` does).
"""
