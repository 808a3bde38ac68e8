"""Where the words of a question would be read: the region of the model, or any of those of an inference profile."""

from __future__ import annotations

import re

from omnix_cli.errors import ConfigError

_GEOGRAPHIES = "us|us-gov|eu|apac|jp|au|ca|sa|in|me|af|global"
_PROFILE = re.compile(rf"(?P<geography>{_GEOGRAPHIES})\.(?P<model>[a-z0-9-]+\..+)")
_ARN = re.compile(r"arn:[a-z-]+:bedrock:(?P<region>[a-z0-9-]*):\d*:(?P<kind>[a-z-]+)/(?P<name>.+)")


def base_model(model: str) -> str:
    """The model behind the id or ARN of a model or of a profile that AWS made; others stay as they are."""
    arn = _ARN.fullmatch(model)
    if arn and arn["kind"] not in ("foundation-model", "inference-profile"):
        return model
    name = arn["name"] if arn else model
    profile = _PROFILE.fullmatch(name)
    return profile["model"] if profile else name


def places(model: str, region: str) -> str:
    """Where a model of that id, asked for in a region, reads what it is sent: that region, or words that say more."""
    arn = _ARN.fullmatch(model)
    name = arn["name"] if arn else model
    profile = _PROFILE.fullmatch(name)
    if profile and profile["geography"] == "global":
        return "any region of AWS"
    if profile:
        return f"any region of {profile['geography']}"
    if arn and arn["kind"] == "application-inference-profile":
        return "the regions of an application inference profile, which its name does not tell"
    return (arn["region"] or region) if arn else region


def check_region(model: str, *, region: str, data_region: str | None, allowed: bool) -> None:
    """Raises `ConfigError` when the data would leave their region and nobody allowed it."""
    if data_region is None or allowed:
        return
    goes_to = places(model, region)
    if goes_to != data_region:
        raise ConfigError(
            f"{model} would read the data in {goes_to}, and they may be processed in {data_region} only",
            hint=f"Choose a model of {data_region} (bedrock.model, bedrock.region), or allow it with "
            "bedrock.allow_other_region.",
        )
