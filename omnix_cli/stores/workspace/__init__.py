"""What a workspace keeps, and how a disk keeps it: checkpoints, run records, the ledger of imports, the lock.

Nothing here knows S3 (`stores.s3`) or the frames that steps make.
"""
