"""Advice on the imported data: what was noticed about the current rows, computed once for the same rows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.checkpoints import KeptFindings, StoredFrame
from omnix_cli.records import Finding, ImportBatch
from omnix_cli.services.content_keys import digest
from omnix_cli.settings import ProductRules, RecommendSettings, dump
from omnix_cli.steps.advice import findings as advice

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Advisor:
    """Looks at the current rows of a workspace; made by `wiring`. Without `kept`, nothing is written."""

    sources: Mapping[str, StoredFrame]
    settings: RecommendSettings
    rules: ProductRules
    kept: KeptFindings | None = None
    currencies: Mapping[str, int] = field(default_factory=dict)
    """The imported purchases by the currency of their amounts (see `imported_currencies`)."""

    @property
    def key(self) -> str:
        """A hash of everything that the findings depend on."""
        rows = {name: [frame.key, frame.rows] for name, frame in self.sources.items()}
        return digest(
            {
                "rows": rows,
                "excluded": self.settings.exclusions | {"customer": list(self.settings.excluded_customers)},
                "rules": dump(self.rules),
                "currencies": dict(self.currencies),
                "version": advice.VERSION,
            }
        )

    def findings(self) -> tuple[Finding, ...]:
        """What was noticed, errors first; nothing before the first purchase."""
        if not self.sources["purchases"].rows:
            return ()
        key = self.key
        known = self.kept.load(key) if self.kept else None
        if known is None:
            frames = {name: frame.scan() for name, frame in self.sources.items()}
            found = advice.findings(
                frames,
                exclusions=self.settings.exclusions,
                excluded_customers=self.settings.excluded_customers,
                rules=self.rules,
                currencies=self.currencies,
            )
            known = tuple(found)
            if self.kept:
                self.kept.save(key, known)
        return known

    def warn(self) -> tuple[Finding, ...]:
        """The findings, each of which is logged as one line."""
        found = self.findings()
        for one in found:
            _log.warning("%s", one.text, extra={"finding": one.code, "rows": one.rows, "hint": one.hint})
        return found

    def check(self) -> tuple[Finding, ...]:
        """The findings, logged. Raises `ConfigError` for one with which a run would break a rule of its settings."""
        found = self.warn()
        for one in found:
            if one.code in advice.ERRORS:
                raise ConfigError(one.text, hint=one.hint)
        return found


def imported_currencies(batches: Iterable[ImportBatch]) -> dict[str, int]:
    """The rows of all imports by the currency of their amounts. A file counts as it was read last."""
    last = {(file.sha256 or f"{batch.key} {file.name}"): file for batch in batches for file in batch.files}
    rows: Counter[str] = Counter()
    for file in last.values():
        rows.update(file.currencies)
    return dict(sorted(rows.items()))
