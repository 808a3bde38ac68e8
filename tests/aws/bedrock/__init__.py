"""Bedrock for tests: a server that speaks its wire protocol, forecasts from the numbers it is sent, and misbehaves."""

from tests.aws.bedrock.behaviour import Behaviour
from tests.aws.bedrock.faults import Fault, all_faults
from tests.aws.bedrock.server import BedrockDouble

__all__ = ["BedrockDouble", "Behaviour", "Fault", "all_faults"]
