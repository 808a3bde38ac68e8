"""A tenth of the damage campaign: whatever happens to a file, omnix tells it or builds it again."""

from __future__ import annotations

from tests.soaks.damage import SEED, TRIALS, campaign


def test_damage_is_told_or_mended() -> None:
    counts, wrong = campaign(TRIALS // 10, SEED)
    assert wrong == []
    assert sum(counts.values()) == TRIALS // 10
    assert {name for name in counts if name.endswith("told")} > {"export: told", "sqlite: told"}
