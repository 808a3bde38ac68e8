"""All settings together."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from omnix_cli.settings.bedrock import BedrockSettings
from omnix_cli.settings.engine import EngineSettings
from omnix_cli.settings.imports import ImportSettings
from omnix_cli.settings.prediction import PredictionSettings
from omnix_cli.settings.privacy import PrivacySettings
from omnix_cli.settings.publish import PublishSettings
from omnix_cli.settings.recommend import RecommendSettings, ShopListSettings
from omnix_cli.settings.s3 import S3Settings
from omnix_cli.settings.section import Section
from omnix_cli.settings.similarity import SimilaritySettings
from omnix_cli.settings.store import StoreSettings


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
    recommend: RecommendSettings = RecommendSettings()
    shop_lists: ShopListSettings = ShopListSettings()
    publish: PublishSettings = PublishSettings()
    privacy: PrivacySettings = PrivacySettings()
    store: StoreSettings = StoreSettings()
    s3: S3Settings = S3Settings()
    engine: EngineSettings = EngineSettings()
