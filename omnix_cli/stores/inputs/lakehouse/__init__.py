"""Tables of a lakehouse: folders of data files of which only a log says which rows count.

A version becomes one Parquet file here, whose rows are read as those of any other.
"""
