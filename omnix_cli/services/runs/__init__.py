"""Running the plan: what is reused, what is computed, what earlier runs did.

The steps themselves are in `steps`, their table in `plan.py`.
"""
