"""The steps of the plan: pure functions, frames in, frames out. No IO, clock, randomness or logging."""
