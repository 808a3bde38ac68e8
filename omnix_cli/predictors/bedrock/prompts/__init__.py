"""What a model is asked: prompt files, the questions of a day, pseudonyms, and trials of a prompt.

Nothing here calls a model. No customer id and no personal data may get into a question.
"""
