"""The fitted ranker: one model for products bought before, one for new ones, or the formula; kept as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from omnix_cli.steps.ranking.baskets import Floats
from omnix_cli.steps.ranking.features import NAMES, SHARED, features, formula
from omnix_cli.steps.ranking.learners import Logistic, Trees
from omnix_cli.steps.ranking.questions import Chunk, Rows

Kind = Literal["formula", "logistic", "boosting"]
KINDS: tuple[Kind, ...] = ("formula", "logistic", "boosting")
FEATURES = {"known": NAMES, "new": SHARED}
"""The features of each part: of products bought before, and of new ones."""


@dataclass(frozen=True)
class Model:
    """How one part is scored. `logistic`: that regression. `boosting`: the mean of its margin and that of the trees,
    which is surer than either. `shift` turns the margin into the logit of a chance: only a share of the products not
    bought was fitted (King & Zeng 2001)."""

    names: tuple[str, ...]
    logistic: Logistic
    trees: Trees | None = None
    shift: float = 0.0

    @property
    def kind(self) -> Kind:
        """What it is called."""
        return "boosting" if self.trees else "logistic"

    @property
    def linear(self) -> Model:
        """Its regression alone."""
        return replace(self, trees=None)

    def margin(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """The logit of the chance, from a matrix with one column for each of `names`."""
        total = self.logistic.margin(matrix)
        if self.trees:
            total = (total + self.trees.margin(matrix, threads=threads)) / 2
        return total + self.shift

    def shares(self, matrix: Floats) -> Floats:
        """What each feature adds to the margin; the last column is the base."""
        parts = self.logistic.shares(matrix)
        if self.trees:
            parts = (parts + self.trees.shares(matrix)) / 2
        parts[:, -1] += self.shift
        return parts

    def frame(self) -> pl.DataFrame:
        """The numbers as rows."""
        shift = pl.DataFrame({"model": "chosen", "feature": self.kind, "value": self.shift})
        return pl.concat(
            [shift, self.logistic.frame(), *([self.trees.frame()] if self.trees else [])], how="diagonal_relaxed"
        )


@dataclass(frozen=True)
class Ranker:
    """The models by part (`known`, `new`): none where the formula ranks. `figures` says how each kind did on the
    baskets that it was tried on."""

    models: Mapping[str, Model]
    figures: Mapping[str, Mapping[str, float]]

    def kind(self, part: str) -> Kind:
        """What ranks this part."""
        return self.models[part].kind if part in self.models else "formula"

    def scores(self, chunk: Chunk, rows: Rows) -> tuple[Floats, dict[str, Floats]]:
        """The score of each row, 0..1; and for the rows of each part that has a model, what each feature adds to the
        logit of the score."""
        matrix = features(chunk, rows)
        score = formula(matrix, rows.known) if len(self.models) < len(FEATURES) else np.zeros(len(rows.row))
        matrices = {}
        for part, names in FEATURES.items():
            if part in self.models:
                of_part = rows.known == (part == "known")
                matrices[part] = matrix[of_part][:, : len(names)]
                score[of_part] = 1 / (
                    1 + np.exp(-self.models[part].margin(matrices[part], threads=chunk.questions.shop.threads))
                )
        return score, matrices

    def frame(self, *others: pl.DataFrame) -> pl.DataFrame:
        """The numbers as the frame `ranker`, and the rows of `others`."""
        figures = [
            pl.DataFrame({"part": part, "model": "validation", "feature": name, "value": float(value)})
            for part, values in self.figures.items()
            for name, value in values.items()
        ]
        models = [model.frame().with_columns(part=pl.lit(part)) for part, model in self.models.items()]
        missing = {
            "tree": -1,
            "node": -1,
            "mean": 0.0,
            "scale": 1.0,
            "hinge": 0.0,
            "threshold": 0.0,
            "left": -1,
            "right": -1,
        }
        schema = {"part": pl.String, "model": pl.String, "feature": pl.String, "value": pl.Float64}
        every = pl.concat([pl.DataFrame(schema=schema), *figures, *models, *others], how="diagonal_relaxed")
        absent = [pl.lit(value).alias(name) for name, value in missing.items() if name not in every.columns]
        return every.with_columns(absent).with_columns(pl.col(name).fill_null(value) for name, value in missing.items())

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Ranker:
        """From the frame `ranker`."""
        rows = frame.with_columns(pl.col("part", "model").cast(pl.String))
        models, figures = {}, {}
        for part, names in FEATURES.items():
            numbers = rows.filter(pl.col("part") == part)
            checked = numbers.filter(pl.col("model") == "validation")
            figures[part] = dict(zip(checked["feature"], checked["value"], strict=True))
            chosen = numbers.filter(pl.col("model") == "chosen")
            if chosen.height:
                trees = Trees.of(numbers, names) if chosen["feature"][0] == "boosting" else None
                models[part] = Model(names, Logistic.of(numbers), trees, float(chosen["value"][0]))
        return cls(models, figures)
