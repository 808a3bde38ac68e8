"""The ranked lists: what the shop buys, what each customer needs again, and what is new for them.

Writing lists to a store belongs to services/publishing, forecasts to steps/forecasts.
"""
