"""Fitting the ranker: the last baskets before a day are what it learns to foresee, from what came before each.

For every customer the last basket is the label, and the moment before it the question; nothing of that day or later
is seen by the features. Which kind of model is used is decided on the last baskets, by models fitted to the baskets
before them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from omnix_cli.steps.evaluation.list_metrics import Judged, values
from omnix_cli.steps.ranking.baskets import NEVER, Bools, Floats, Ints
from omnix_cli.steps.ranking.companions import matrix_of, places, values_at
from omnix_cli.steps.ranking.features import features, formula
from omnix_cli.steps.ranking.learners import Logistic, Trees
from omnix_cli.steps.ranking.moments import Moment, Shop
from omnix_cli.steps.ranking.questions import Chunk, Questions, Rows
from omnix_cli.steps.ranking.ranker import FEATURES, Kind, Model, Ranker

MOST_ROWS, MOST_CUSTOMERS = 160_000, 5_000
MOST_TRIED = 1_500
"""Rows and customers of a fit, and customers that kinds of models are tried on. More did not help."""
NEGATIVE_SHARE = 0.3
PLACES = 10
_NEW_PER_CUSTOMER = 150  # a guess of the candidates, to choose the share of negatives before they are made
Candidates = dict[str, dict[Kind, Model]]
_MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Labels:
    """The baskets to foresee: that of `day`, one day for each customer of the shop, of the `customers` (rising)."""

    day: Ints
    customers: Ints

    @classmethod
    def last_baskets(cls, shop: Shop, before: Ints) -> Labels:
        """Each customer's last basket before a day, where there is a basket before it to learn from."""
        day = shop.baskets.last_before(before)
        earlier = shop.baskets.last_before(day)
        return cls(day, np.flatnonzero(earlier > NEVER))

    def at_most(self, count: int) -> Labels:
        """Of so many customers, evenly spread over the ids."""
        return Labels(self.day, self.customers[:: max(1, -(-len(self.customers) // count))])


def fit(
    shop: Shop,
    before: Ints,
    *,
    method: str = "auto",
    min_label_baskets: int,
    labels: tuple[Labels, Labels] | None = None,
) -> Ranker:
    """The ranker for questions about the days `before` (one for each customer), learned from earlier baskets.

    `labels` are other baskets to learn from, in two halves: a kind is tried on the second after a fit to the first.
    Everybody's own last baskets are then learned from as well.
    With fewer than `min_label_baskets` to try on there is no model, unless a `method` is named."""
    newest = Labels.last_baskets(shop, before)
    tried, fitted = (newest, Labels.last_baskets(shop, newest.day)) if labels is None else (labels[1], labels[0])
    counts = {"label_baskets": float(len(tried.customers))}
    if method == "formula" or min(len(tried.customers), len(fitted.customers)) < (
        min_label_baskets if method == "auto" else 2
    ):
        return Ranker({}, {part: counts for part in FEATURES})
    own = Moment(shop, np.where(newest.day > NEVER, newest.day, before))
    if labels is None:
        moment, learned, more = own, newest, None
    else:
        moment, learned, more = Moment(shop, before), _both(*labels), Sample.of(shop, own, newest)
    learned, trial = learned.at_most(MOST_CUSTOMERS), None
    if method == "auto":
        earlier = Moment(shop, np.where(fitted.day > NEVER, fitted.day, newest.day)) if labels is None else moment
        judged = Labels(tried.day, np.intersect1d(tried.customers, learned.customers)).at_most(MOST_TRIED)
        trial = Trial(judged, _candidates(Sample.of(shop, earlier, fitted, most=MOST_ROWS // 2).joined(more)))
        del earlier
    final = Sample.of(shop, moment, learned, trial=trial).joined(more)
    kinds: dict[str, Kind] = dict.fromkeys(FEATURES, method)  # type: ignore[arg-type]
    figures = {part: dict(counts) for part in FEATURES}
    if trial:
        kinds, found = trial.verdict()
        figures = {part: {**counts, **found[part]} for part in FEATURES}
    models = {
        part: final.model(part, kind) for part, kind in kinds.items() if kind != "formula" and final.has_both(part)
    }
    return Ranker(models, figures)


class Trial:
    """How each kind of model does on baskets that the `candidates` were not fitted to: the mean over customers of
    NDCG@10 within the part."""

    def __init__(self, labels: Labels, candidates: Candidates) -> None:
        self._labels, self._candidates = labels, candidates
        self._results: dict[str, dict[Kind, list[Floats]]] = {part: {} for part in FEATURES}

    def of(self, customers: Ints) -> Bools:
        """Which of the customers are tried."""
        return np.isin(customers, self._labels.customers)

    def judge(self, chunk: Chunk, rows: Rows, matrix: Floats, truth: sparse.csr_array) -> None:
        """Adds the customers of a chunk that are tried: all their `rows`, and the features of these."""
        is_tried = self.of(chunk.customers)
        plain = formula(matrix, rows.known)
        is_own = values_at(chunk.weights, *places(truth)) > 0
        for part, names in FEATURES.items():
            known = part == "known"
            of_part, wanted = rows.known == known, _only(truth, is_own == known)
            mine, own = rows.only(of_part), matrix[of_part][:, : len(names)]
            scores: dict[Kind, Floats] = {"formula": plain[of_part]}
            for kind, model in self._candidates.get(part, {}).items():
                scores[kind] = model.margin(own, threads=chunk.questions.shop.threads)
            for kind, score in scores.items():
                self._results[part].setdefault(kind, []).append(ndcg(mine, score, wanted)[is_tried])

    def verdict(self) -> tuple[dict[str, Kind], dict[str, dict[str, float]]]:
        """The kind for each part, and its figures. A dearer kind must beat the cheaper one by more than the standard
        error of the difference."""
        kinds: dict[str, Kind] = {}
        figures: dict[str, dict[str, float]] = {}
        for part, by_kind in self._results.items():
            kinds[part], figures[part] = _best({kind: np.concatenate(found) for kind, found in by_kind.items()})
        return kinds, figures


@dataclass(frozen=True)
class Sample:
    """Rows to fit: the features, whether the product is known, whether it was bought, the weight, and the share of the
    products not bought that was kept."""

    features: Floats
    known: Bools
    bought: Bools
    weight: Floats
    kept_share: float

    @classmethod
    def of(
        cls, shop: Shop, moment: Moment, labels: Labels, *, most: int = MOST_ROWS, trial: Trial | None = None
    ) -> Sample:
        """All products bought, and a share of the others chosen by a hash of the ids: at most about `most` rows. A
        basket weighs 1 / sqrt(size) a row. A `trial` judges all rows of the customers tried."""
        labels = labels.at_most(MOST_CUSTOMERS)
        questions = Questions(shop, moment, labels.day, labels.customers)
        expected = questions.own_products() + _NEW_PER_CUSTOMER * len(labels.customers)
        share = min(NEGATIVE_SHARE, most / max(expected, 1))
        names = [_hashes(ids) for ids in (shop.baskets.customer_ids, shop.baskets.product_ids)]
        parts = []
        for chunk, rows, truth in _asked(questions, labels):
            bought = values_at(truth, rows.row, rows.product) > 0
            chance = _mixed(names[0][rows.customer], names[1][rows.product])
            kept = bought | (chance < share)
            size = np.maximum(np.diff(truth.indptr), 1)[rows.row]
            tried = trial.of(rows.customer) if trial else np.zeros_like(kept)
            needed = kept | tried
            table = features(chunk, rows.only(needed))
            if trial and tried.any():
                trial.judge(chunk, rows.only(tried), table[tried[needed]], truth)
            parts.append((table[kept[needed]], rows.known[kept], bought[kept], 1 / np.sqrt(size[kept])))
        matrix, known, bought, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cls(matrix, known, bought, weight, share)

    def joined(self, other: Sample | None) -> Sample:
        """With the rows of another sample, if there is one."""
        if other is None:
            return self
        left = [int((~one.bought).sum()) for one in (self, other)]  # of the products not bought
        whole = left[0] / self.kept_share + left[1] / other.kept_share
        features, known, bought, weight = (
            np.concatenate([getattr(one, name) for one in (self, other)])
            for name in ("features", "known", "bought", "weight")
        )
        return Sample(features, known, bought, weight, sum(left) / whole if whole else 1.0)

    def has_both(self, part: str) -> bool:
        """Whether something of this part was bought, and something was not."""
        bought = self.bought[self._of(part)]
        return bool(bought.any() and not bought.all())

    def model(self, part: str, kind: Kind) -> Model:
        """A model of this kind, fitted to the rows of a part."""
        return self._fitted(part, trees=kind == "boosting")

    def _fitted(self, part: str, *, trees: bool) -> Model:
        of_part, names = self._of(part), FEATURES[part]
        rows = (self.features[of_part][:, : len(names)], self.bought[of_part], self.weight[of_part])
        boosted = Trees.fit(names, *rows) if trees else None
        return Model(names, Logistic.fit(names, *rows), boosted, float(np.log(self.kept_share)))

    def _of(self, part: str) -> Bools:
        return self.known if part == "known" else ~self.known


def _candidates(sample: Sample) -> Candidates:
    """For each part that can be fitted, a model of each kind."""
    found: Candidates = {}
    for part in FEATURES:
        if sample.has_both(part):
            both = sample.model(part, "boosting")
            found[part] = {"logistic": Model(both.names, both.logistic, None, both.shift), "boosting": both}
    return found


def _best(by_kind: dict[Kind, Floats]) -> tuple[Kind, dict[str, float]]:
    """The last kind that beats the best before it, and the figures; the quality by customer, NaN where none is."""
    judged = ~np.isnan(by_kind["formula"])
    best: Kind = "formula"
    figures = {"customers": float(judged.sum())}
    for kind, every in by_kind.items():
        found = every[judged]
        figures[f"{kind}_ndcg"] = float(found.mean()) if len(found) else 0.0
        if kind != "formula" and len(found) > 1:
            gain = found - by_kind[best][judged]
            error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
            figures |= {f"{kind}_gain": float(gain.mean()), f"{kind}_error": error}
            best = kind if gain.mean() > error else best
    return best, figures


def ndcg(rows: Rows, score: Floats, truth: sparse.csr_array) -> Floats:
    """NDCG@10 of each row of `truth`, as evaluations have it; NaN where it is empty. Equal scores go by product."""
    order = np.lexsort((rows.product, -score, rows.row))
    row, product = rows.row[order], rows.product[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    top = place < PLACES
    row, product, place = row[top], product[top], place[top]
    hits = np.zeros((truth.shape[0], PLACES), dtype=np.bool_)
    hits[row, place] = values_at(truth, row, product) > 0
    wanted = np.diff(truth.indptr).astype(np.int64)
    has_truth = wanted > 0
    found = np.full(len(wanted), np.nan)
    found[has_truth] = values(Judged(hits[has_truth], wanted[has_truth]))[f"ndcg@{PLACES}"]
    return found


def _asked(questions: Questions, labels: Labels) -> Iterator[tuple[Chunk, Rows, sparse.csr_array]]:
    """The chunks with their rows, and what was bought: a matrix with one row per customer."""
    baskets = questions.shop.baskets
    chosen = np.zeros(baskets.customers, dtype=np.bool_)
    chosen[labels.customers] = True
    customer, product = baskets.bought_on(labels.day, chosen)
    for chunk in questions.chunks():
        mine = (customer >= chunk.customers[0]) & (customer <= chunk.customers[-1])
        row = np.searchsorted(chunk.customers, customer[mine])
        yield chunk, chunk.rows(), matrix_of(row, product[mine], np.ones(len(row)), chunk.weights.shape)


def _both(one: Labels, other: Labels) -> Labels:
    return Labels(one.day, np.union1d(one.customers, other.customers))


def _only(matrix: sparse.csr_array, kept: Bools) -> sparse.csr_array:
    row, column = places(matrix)
    return matrix_of(row[kept], column[kept], matrix.data[kept], matrix.shape)


def _hashes(ids: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A number for each id that depends on nothing else."""
    return np.array([zlib.crc32(name.encode()) for name in ids], dtype=np.uint64)


def _mixed(one: np.ndarray, other: np.ndarray) -> Floats:
    """A number from 0 to 1 for each pair of hashes (the finaliser of splitmix64, Steele et al. 2014)."""
    mixed = (one << np.uint64(32) | other) * _MIX[0]
    for shift, factor in ((30, _MIX[1]), (27, _MIX[2])):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    return np.asarray((mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64)
