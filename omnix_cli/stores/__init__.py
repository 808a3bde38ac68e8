"""What is kept and read: tables, workspaces, replies of models, input files.

Nothing here may compute or decide; a family of stores knows only what lies below it in the layers.
"""
