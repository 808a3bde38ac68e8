"""One plain function a command: what `omnix` does, callable from a notebook, HTTP, Lambda or a test.

Each takes keyword arguments, opens what it needs through `wiring`, calls one service and returns a report or a frame.
Nothing here parses, prints or decides.
"""
