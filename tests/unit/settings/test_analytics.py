from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from omnix_cli.settings import PredictionSettings, PrivacySettings, RecommendSettings, Section, SimilaritySettings


@pytest.mark.parametrize(
    ("section", "given"),
    [
        (SimilaritySettings, {"content": {"price": -0.1}}),
        (SimilaritySettings, {"co_purchase_weight": 1.1}),
        (PredictionSettings, {"personal_purchases": 1}),
        (RecommendSettings, {"hemisphere": "south"}),
        (PrivacySettings, {"min_customers": 0}),
    ],
)
def test_a_setting_without_a_meaning_is_refused(section: type[Section], given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        section.model_validate(given)


def test_no_model_is_asked_about_customers_who_did_not_agree() -> None:
    assert PredictionSettings().predictor == "statistical"
    assert not PrivacySettings().consent_ai_analysis
