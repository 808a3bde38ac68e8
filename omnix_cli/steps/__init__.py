"""Pure computations on frames: frames and parameters in, frames out, one folder for each part of the plan.

No files, no clock, no random numbers, no logging, and no settings but the parameters that are passed in.
"""
