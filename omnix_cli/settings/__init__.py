"""The settings: one record a part of omnix, each with its defaults, limits and description.

Nothing here may read a file or the environment (`configuration` does); a section that a step receives enters the key of
its checkpoint.
"""

from omnix_cli.settings.aws import AwsAccess
from omnix_cli.settings.bedrock import BatchSettings, BedrockSettings
from omnix_cli.settings.engine import EngineSettings
from omnix_cli.settings.imports import ImportSettings, SourceSettings, check_timezone
from omnix_cli.settings.prediction import PredictionSettings
from omnix_cli.settings.privacy import PrivacySettings
from omnix_cli.settings.publish import PublishSettings
from omnix_cli.settings.recommend import RecommendSettings, ShopListSettings
from omnix_cli.settings.root import Settings
from omnix_cli.settings.s3 import S3Settings
from omnix_cli.settings.section import Section, dump
from omnix_cli.settings.similarity import ContentWeights, SimilaritySettings
from omnix_cli.settings.store import StoreSettings, TableSettings

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
