"""Settings of S3."""

from __future__ import annotations

from pydantic import Field

from omnix_cli.settings.aws import AwsAccess


class S3Settings(AwsAccess):
    """Access to addresses such as `s3://bucket/...`."""

    leftover_hours: float = Field(24, gt=0)
    """Remove the objects of unfinished checkpoints after this many hours. No step may take longer."""
