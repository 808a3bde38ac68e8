#!/usr/bin/env bash
# Guess:    recommend(..., filter_already_liked_items=True) never hands a customer's own purchases back.
# Really:   the nearest-neighbour recommenders give the own purchases a score of 0 and leave them in the ranking. Where
#           fewer than N new items have a neighbour, the list is filled with them: with the default K=20 in 1 of 5 lists,
#           with K=5 in 2 of 3. They look like any other item; only the score tells. The same option in alternating
#           least squares ends such lists with the own items at -3.4e38, and a batch call pads with the item id -1, which
#           as a numpy index is the last item of the assortment; a call for one customer gives a shorter list instead.
# Versions: implicit 0.7.3, scipy 1.17.1, numpy 2.4.6
# Date:     2026-11-29
# Matters:  a "new for you" list that repeats purchases, and a hit rate over such lists that counts repeats as hits.
#           Drop what has no score above 0 and every id below 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check implicit==0.7.3 scipy==1.17.1 numpy==2.4.6
cd "$work"
OPENBLAS_NUM_THREADS=1 venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender

print(*(f"{p} {version(p)}" for p in ("implicit", "scipy", "numpy")))
wrong = []


def expect(what, seen, fits):
    print(f"  {what}: {seen}")
    if not fits:
        wrong.append(f"{what}: {seen}")


# 2,000 customers, 400 items in 20 departments; a customer keeps to one or two of them and buys 1 to 15 items
rng = np.random.default_rng(7)
rows, columns = [], []
for customer in range(2000):
    departments = rng.choice(20, 1 + (rng.random() < 0.3), replace=False)
    pool = np.concatenate([np.arange(d * 20, (d + 1) * 20) for d in departments])
    bought = rng.choice(pool, rng.integers(1, 16), replace=False)
    rows += [customer] * len(bought)
    columns += bought.tolist()
purchases = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(2000, 400))
own = [set(purchases[c].indices) for c in range(2000)]

for k, low, high in ((20, 0.15, 0.30), (5, 0.60, 0.75)):
    model = CosineRecommender(K=k)
    model.fit(purchases, show_progress=False)
    ids, scores = model.recommend(np.arange(2000), purchases, N=10, filter_already_liked_items=True)
    repeats = [[(i, s) for i, s in zip(ids[c], scores[c], strict=True) if i in own[c]] for c in range(2000)]
    share = sum(bool(r) for r in repeats) / 2000
    print(f"cosine, K={k}, ten items each, purchases to be left out")
    expect("share of lists with own purchases", share, low < share < high)
    expect("scores of those", sorted({float(s) for r in repeats for _, s in r}), {s for r in repeats for _, s in r} == {0.0})
    expect("places filled with id -1", int((ids == -1).sum()), (ids == -1).any() == (k == 5))
    alone = [model.recommend(c, purchases[c], N=10)[0] for c in range(2000)]
    expect("shortest list in calls for one customer", min(map(len, alone)), (min(map(len, alone)) < 10) == (k == 5))

few = purchases[:, :15]
few = sp.csr_matrix(few[np.flatnonzero(np.asarray(few.sum(axis=1)).ravel() >= 8)])
model = AlternatingLeastSquares(factors=4, random_state=1, num_threads=1)
model.fit(few, show_progress=False)
ids, scores = model.recommend(0, few[0], N=10)
print("least squares, 15 items in all, ten wanted")
repeats = [float(s) for i, s in zip(ids, scores, strict=True) if i in few[0].indices]
expect("own purchases in the list, and their scores", repeats, repeats and max(repeats) < -3e38)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
