"""The settings: one record a part of omnix, each with its defaults, limits and description.

Nothing here may read a file or the environment (`configuration` does); a section that a step receives enters the key of
its checkpoint.
"""

from omnix_cli.settings.analytics import (
    ContentWeights,
    PredictionSettings,
    PrivacySettings,
    RecommendSettings,
    ShopListSettings,
    SimilaritySettings,
)
from omnix_cli.settings.bedrock import BatchSettings, BedrockSettings
from omnix_cli.settings.imports import ImportSettings, SourceSettings, check_timezone
from omnix_cli.settings.root import EngineSettings, Settings
from omnix_cli.settings.section import AwsAccess, Section, dump
from omnix_cli.settings.storage import PublishSettings, S3Settings, StoreSettings, TableSettings

__all__ = [
    "AwsAccess",
    "BatchSettings",
    "BedrockSettings",
    "ContentWeights",
    "EngineSettings",
    "ImportSettings",
    "PredictionSettings",
    "PrivacySettings",
    "PublishSettings",
    "RecommendSettings",
    "S3Settings",
    "Section",
    "Settings",
    "ShopListSettings",
    "SimilaritySettings",
    "SourceSettings",
    "StoreSettings",
    "TableSettings",
    "check_timezone",
    "dump",
]
