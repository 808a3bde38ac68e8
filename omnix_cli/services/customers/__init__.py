"""The customer side: profiles, purchases, interactions and the lists a customer is shown, each a plain function of a
table store. Commands, HTTP and Lambda call the same functions.
"""
