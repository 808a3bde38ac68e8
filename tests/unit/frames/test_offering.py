from __future__ import annotations

from omnix_cli.frames.offering import BLOCKS, NEVER_NAMED, RULES
from omnix_cli.schemas import FRAMES


def test_every_block_is_a_rule_and_what_is_never_named_is_blocked() -> None:
    assert RULES[: len(BLOCKS)] == BLOCKS
    assert set(NEVER_NAMED) < set(BLOCKS)
    assert FRAMES["assortment"].written["blocked"].count("'") == 2 * len(BLOCKS)
