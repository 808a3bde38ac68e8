#!/usr/bin/env bash
# Guess:    what the caller passes to a settings class wins over the environment, as its documentation's order says.
# Really:   it wins key by key. Dicts of several sources are merged into each other, also where the field is a plain
#           dict: Settings(weights={"recency": 1.0}) keeps the environment's "price", and Settings(weights={}) changes
#           nothing at all. Lists are replaced whole. No value can be passed that takes a key away.
# Versions: pydantic-settings 2.16.3, pydantic 2.14.4
# Date:     2026-11-29
# Matters:  per-item weights, prices and caps are dicts. A run that is told its weights in full runs with leftovers of a
#           shell or container, and two machines rank differently with the same arguments; a test that passes {} to be
#           independent of its surroundings is not.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pydantic-settings==2.16.3 pydantic==2.14.4
cd "$work"
RANK_WEIGHTS='{"recency": 0.5, "price": 0.3}' RANK_STORES='["a", "b"]' venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

print(*(f"{p} {version(p)}" for p in ("pydantic-settings", "pydantic")))
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if seen != wanted:
        wrong.append(f"{what}: {seen}, was {wanted}")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="RANK_")
    weights: dict[str, float] = {"default": 1.0}
    stores: list[str] = []


class Plain(BaseModel):
    weights: dict[str, float] = {"default": 1.0}


expect("environment alone", Settings().weights, {"recency": 0.5, "price": 0.3})
expect("passed: recency 1.0", Settings(weights={"recency": 1.0}).weights, {"recency": 1.0, "price": 0.3})
expect("passed: margin 1.0", Settings(weights={"margin": 1.0}).weights, {"recency": 0.5, "price": 0.3, "margin": 1.0})
expect("passed: {}", Settings(weights={}).weights, {"recency": 0.5, "price": 0.3})
expect("passed: an empty list", Settings(stores=[]).stores, [])
expect("a plain model, passed: {}", Plain(weights={}).weights, {})

ranked = {"dear but recent": {"recency": 0.6, "price": -1.0}, "cheap and old": {"recency": 0.4, "price": 1.0}}
for source, weights in (("passed", {"recency": 1.0}), ("used", Settings(weights={"recency": 1.0}).weights)):
    score = {item: sum(weights.get(k, 0) * v for k, v in values.items()) for item, values in ranked.items()}
    expect(f"first item by the weights {source}", max(score, key=score.get),
           "dear but recent" if source == "passed" else "cheap and old")
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
