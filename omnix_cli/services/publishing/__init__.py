"""Publishing: which lists changed, who may write, writing them and reading them back.

How a store writes its items is in `stores`; how the lists are made is in `steps.lists`.
"""
