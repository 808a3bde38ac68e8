"""Schemas of frames that belong together, one module for each group. `schemas` lists them all and says what holds for
every frame; nothing here knows a step."""
