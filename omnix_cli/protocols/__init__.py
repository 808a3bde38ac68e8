"""The seams of omnix: what an engine, a predictor, a store and a checkpoint folder promise.

Everything here is a shape, not an implementation; `wiring` chooses the implementations.
"""
