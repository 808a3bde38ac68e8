"""The reasons that omnix gives: what each sentence says, how it is written, and how it is read again.

A step writes a reason with `Sentence.say`; `omnix check reasons` reads it with `Form.read` and counts again what it
claims. Both follow the same wording, so that the texts and the check cannot drift apart.
"""
