"""The settings: one record a part of omnix, each with its defaults, limits and description.

Nothing here may read a file or the environment (`configuration` does); a section that a step receives enters the key of
its checkpoint.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from omnix_cli.settings.analytics import (
    ContentWeights,
    PredictionSettings,
    PrivacySettings,
    QualitySettings,
    RankingSettings,
    RecommendSettings,
    ShopListSettings,
    SimilaritySettings,
)
from omnix_cli.settings.bedrock import BatchSettings, BedrockSettings
from omnix_cli.settings.imports import ImportSettings, SourceSettings, check_timezone
from omnix_cli.settings.rules import NO_RULES, ProductRules
from omnix_cli.settings.section import AwsAccess, Section, dump
from omnix_cli.settings.storage import PublishSettings, RetentionSettings, S3Settings, StoreSettings, TableSettings
from omnix_cli.settings.web import ApiSettings

__all__ = [
    "NO_RULES",
    "ApiSettings",
    "AwsAccess",
    "BatchSettings",
    "BedrockSettings",
    "ContentWeights",
    "EngineSettings",
    "ImportSettings",
    "PredictionSettings",
    "PrivacySettings",
    "ProductRules",
    "PublishSettings",
    "QualitySettings",
    "RankingSettings",
    "RecommendSettings",
    "RetentionSettings",
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


class EngineSettings(Section):
    """How the work is done. Never changes a result."""

    slice_rows: int = Field(2_000_000, ge=1)
    """Purchases to work on at a time."""
    threads: int | None = Field(None, ge=1)
    """Threads of the similarity kernel. Default: all cores. polars itself reads POLARS_MAX_THREADS."""
    max_memory: str | None = None
    """The most memory that the process may use, such as 4GiB. Steps work in smaller parts to stay below; what cannot be
    kept is refused before the work begins. Default: the work of a step aims at 4 GiB, and takes what it needs."""


class Settings(Section):
    """Every setting."""

    workspace: Path = Path(".omnix")
    """The folder for checkpoints, runs, the lock and the SQLite store."""
    shared_workspace: str | None = Field(None, pattern="^s3://[^/]+")
    """An address `s3://bucket/prefix` for checkpoints, import batches, runs and the lock, so that any machine can
    continue the work. Logs, temporary files and the SQLite store stay in the folder above."""
    as_of: str = "latest"
    """The day to compute for: only rows of earlier days are used. A date, `today`, or `latest`: the day after the
    newest purchase."""
    imports: ImportSettings = ImportSettings()
    similarity: SimilaritySettings = SimilaritySettings()
    prediction: PredictionSettings = PredictionSettings()
    bedrock: BedrockSettings = BedrockSettings()
    ranking: RankingSettings = RankingSettings()
    recommend: RecommendSettings = RecommendSettings()
    shop_lists: ShopListSettings = ShopListSettings()
    quality: QualitySettings = QualitySettings()
    publish: PublishSettings = PublishSettings()
    privacy: PrivacySettings = PrivacySettings()
    retention: RetentionSettings = RetentionSettings()
    api: ApiSettings = ApiSettings()
    store: StoreSettings = StoreSettings()
    s3: S3Settings = S3Settings()
    engine: EngineSettings = EngineSettings()
