"""The rules of an import, as pure functions: binding columns, parsing, checking, ids, corrections.

No file, setting or clock may be read here; the flow of an import is in `services.importing`.
"""
