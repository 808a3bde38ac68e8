"""How AWS is reached."""

from __future__ import annotations

from omnix_cli.settings.section import Section


class AwsAccess(Section):
    """How a service of AWS is reached. What is not set is found as every AWS tool finds it."""

    profile: str | None = None
    """The AWS profile. Default: AWS_PROFILE or the default profile."""
    region: str | None = None
    """The AWS region. Default: AWS_REGION or the region of the profile."""
    endpoint_url: str | None = None
    """Send requests to this URL instead of the region's own endpoint, such as `http://localhost:9000`."""
