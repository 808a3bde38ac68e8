"""What concerns a process as a whole: signals that end it, a clock that goes on while it is stopped, its memory.

Nothing here knows what the process does.
"""
