"""Running the plan: what each command asks of it, what is reused, what is computed, what earlier runs did.

The steps themselves are in `steps`, their table in `plan.py`; nothing here prints or opens a workspace.
"""
