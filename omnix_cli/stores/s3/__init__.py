"""S3 under one prefix: folders, streams, the lock and the workspace that machines share.

The only place that calls S3; what is kept there is decided elsewhere.
"""
