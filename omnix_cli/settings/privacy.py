"""Settings of privacy."""

from __future__ import annotations

from pydantic import Field

from omnix_cli.settings.section import Section


class PrivacySettings(Section):
    """Privacy: the smallest groups shown, and the consent assumed."""

    min_customers: int = Field(3, ge=1)
    """Hide figures about fewer customers than this."""
    consent_personalisation: bool = True
    """Personalise for customers whose profile does not say."""
    consent_ai_analysis: bool = False
    """Send data to a model about customers whose profile does not say."""
