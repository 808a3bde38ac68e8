#!/usr/bin/env bash
# Guess:    sp_matmul_topn without a threshold gives the largest values of each row, whatever their sign and type, and a
#           threshold of 0.5 keeps pairs of exactly 0.5.
# Really:   without a threshold, float values have to be above the smallest positive float: with 19 of 20 values wanted,
#           the negative ones are missing without a word and the rows are short; the same numbers as int32 or int64 give
#           them. A threshold is a value to be passed, so exact ties with it go: of baskets that share half, none is left
#           at 0.5, and "equal baskets only" by threshold=1.0 finds nothing, not even a basket itself.
# Versions: sparse-dot-topn 1.2.0, scipy 1.17.1, numpy 2.4.6
# Date:     2026-11-29
# Matters:  overlaps of baskets are round numbers, so ties with a cut-off are the rule: here 5 of 6 pairs at or above the
#           threshold are lost. Differences from a customer's mean are negative half the time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sparse-dot-topn==1.2.0 scipy==1.17.1 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

print(*(f"{p} {version(p)}" for p in ("sparse-dot-topn", "scipy", "numpy")))
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


rng = np.random.default_rng(3)
centred = rng.integers(-9, 10, (100, 12))
print("100 customers, differences from their mean, the best 60 of 100 products of each row")
best = np.sort(centred @ centred.T, axis=1)[:, ::-1][:, :60]
expect("negative in truth", bool((best < 0).any()), True)
for dtype in (np.float32, np.float64, np.int32, np.int64):
    left = sp.csr_matrix(centred.astype(dtype))
    found = sp_matmul_topn(left, left.T.tocsr(), top_n=60)
    expect(f"{dtype.__name__}, negative values", bool((found.data < 0).any()), np.issubdtype(dtype, np.integer))

# baskets of four items each; weights of 1/2 make every cosine a multiple of 1/4, exact in binary
baskets = np.zeros((400, 12))
for row in baskets:
    row[rng.choice(12, 4, replace=False)] = 0.5
left = sp.csr_matrix(baskets)
exact = baskets @ baskets.T
print("400 baskets of 4 of 12 items, cosine")
for cut, least, above in ((0.5, 65344, 10962), (0.75, 10962, 712), (1.0, 712, 0)):
    found = sp_matmul_topn(left, left.T.tocsr(), top_n=399, threshold=cut).nnz
    expect(f"pairs at or above {cut}", (exact >= cut).sum(), least)
    expect(f"pairs found with threshold={cut}", found, above)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
