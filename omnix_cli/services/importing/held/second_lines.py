"""The second rows of groups. Nearly always a group has no third one; then its first row is number 1 and its second row
number 2, whatever they say, and the first one need not be read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from omnix_cli.protocols.inputs import Spill
from omnix_cli.services.importing.identify_rows import NO_HASHES, Hashes, among
from omnix_cli.steps.imports.groups.stated_lines import GROUP


class SecondLines:
    """Keeps rows, each alone with its group in its run, whose group came before."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._groups: list[Hashes] = []

    def add(self, rows: pl.DataFrame, groups: Hashes) -> None:
        if rows.height:
            self._spill.add(rows.with_columns(pl.Series(GROUP, groups)))
            self._groups.append(groups)

    def pairs(self, seen: Hashes, runs: Iterable[Hashes], others: Hashes) -> Hashes:
        """The groups with one row here and one in the runs, sorted. `seen` are all groups of the import, sorted, each
        once a run; `others` are groups, sorted, about which there is more to decide."""
        candidates = _once(self._groups)
        thrice = seen[2:][seen[2:] == seen[:-2]]
        for known in (np.unique(thrice), others):
            candidates = candidates[~among(candidates, known)]
        return _once([groups[among(groups, candidates)] for groups in runs] if candidates.size else [])

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows, with GROUP."""
        return self._spill.pieces()


def _once(groups: list[Hashes]) -> Hashes:
    """Those that are there once, sorted."""
    found, counts = np.unique(np.concatenate([NO_HASHES, *groups]), return_counts=True)
    once: Hashes = found[counts == 1]
    return once
