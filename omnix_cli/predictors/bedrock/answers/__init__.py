"""What a model answered: the shape of answers, checked answers, answers of earlier days, the outcome of each customer.

Nothing here asks a model or writes a prompt. Formulas are in `steps.answers`.
"""
