"""What a model is asked: prompt files, questions, pseudonyms, trials.

Nothing personal may leave this folder unhidden.
"""
