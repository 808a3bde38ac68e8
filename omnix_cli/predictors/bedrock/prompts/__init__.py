"""What a model is asked: prompt files, the questions of a day, pseudonyms, and trials of a prompt.

Nothing here calls a model, and no customer id or personal data may get into a question.
"""
