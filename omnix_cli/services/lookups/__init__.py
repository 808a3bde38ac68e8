"""Looking up the results of runs in their checkpoints: one customer, one product, one frame.

Reading only: nothing here computes or writes, and nothing may import the plan, its steps or what runs them.
"""
