"""What stops a process: signals that end it, and a clock that goes on while it is stopped.

Nothing here knows what the process does.
"""
