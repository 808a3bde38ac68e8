"""The regions that process a question: the region of the model, or all regions of an inference profile."""

from __future__ import annotations

import re

from omnix_cli.errors import ConfigError

_GEOGRAPHIES = "us|us-gov|eu|apac|jp|au|ca|sa|in|me|af|global"
_PROFILE = re.compile(rf"(?P<geography>{_GEOGRAPHIES})\.(?P<model>[a-z0-9-]+\..+)")
_ARN = re.compile(r"arn:[a-z-]+:bedrock:(?P<region>[a-z0-9-]*):\d*:(?P<kind>[a-z-]+)/(?P<name>.+)")


def base_model(model: str) -> str:
    """The model behind the id or ARN of a model or of a profile that AWS defined; other ids stay as they are."""
    arn = _ARN.fullmatch(model)
    if arn and arn["kind"] not in ("foundation-model", "inference-profile"):
        return model
    name = arn["name"] if arn else model
    profile = _PROFILE.fullmatch(name)
    return profile["model"] if profile else name


def processing_regions(model: str, region: str) -> str:
    """The region, or a description of the regions, that processes questions to this model sent to `region`."""
    arn = _ARN.fullmatch(model)
    name = arn["name"] if arn else model
    profile = _PROFILE.fullmatch(name)
    if profile and profile["geography"] == "global":
        return "any AWS region"
    if profile:
        return f"any region of {profile['geography']}"
    if arn and arn["kind"] == "application-inference-profile":
        return "the regions of an application inference profile, which its name does not show"
    return (arn["region"] or region) if arn else region


def check_region(model: str, *, region: str, data_region: str | None, allowed: bool) -> None:
    """Raises `ConfigError` when the data would leave their region without permission."""
    if data_region is None or allowed:
        return
    regions = processing_regions(model, region)
    if regions != data_region:
        raise ConfigError(
            f"{model} would process the data in {regions}, but only {data_region} is allowed",
            hint=f"Choose a model in {data_region} (bedrock.model, bedrock.region), or set bedrock.allow_other_region.",
        )
