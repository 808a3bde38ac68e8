"""A workspace on disk: checkpoints, run records, the ledger of imports, the lock and the format number.

Nothing here may know S3 (`stores.s3`) or compute a frame.
"""
