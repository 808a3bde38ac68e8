"""Files that contain inputs: zip archives and Excel workbooks.

What tells which members are inputs is in `stores.inputs.folder_files`, and their rows are read by the formats.
"""
