from __future__ import annotations

from pathlib import Path

from omnix_cli.records import StepRecord
from omnix_cli.services.runs.expectations import Expectations
from omnix_cli.services.runs.steps_to_come import publish_to_come
from tests.unit.services.runs.test_expectations import records


def step(name: str, key: str, **facts: object) -> StepRecord:
    return StepRecord.model_validate({"name": name, "key": key, "status": "ran", "reason": "first time", **facts})


PUBLISHED = (
    step("recommend", "r1"),
    step("shop_lists", "s1"),
    step("publish", "p1", rows_out=20, figures={"added": 3, "changed": 2, "write_units": 9, "cost_usd": 0.5}),
)


def test_lists_that_were_published_last_are_not_written_again(tmp_path: Path) -> None:
    (publish,) = publish_to_come(Expectations(records(tmp_path, *PUBLISHED), 10), PUBLISHED[:2])
    assert (publish.status, publish.reason) == ("reused", "nothing changed")


def test_new_lists_may_cost_what_the_last_ones_did(tmp_path: Path) -> None:
    (publish,) = publish_to_come(Expectations(records(tmp_path, *PUBLISHED), 10), [step("recommend", "r2")])
    assert publish.status == "pending"
    assert publish.reason == "compares the new lists with the store; the last publish wrote 5 of 20"
    assert publish.figures == {"write_units": 9, "cost_usd": 0.5}


def test_profiles_are_compared_where_they_were_before(tmp_path: Path) -> None:
    kept = records(tmp_path, *PUBLISHED, step("profiles", "", rows_out=4))
    names = [one.name for one in publish_to_come(Expectations(kept, 10), [step("recommend", "r2")])]
    assert names == ["publish", "profiles"]


def test_a_first_publish_compares_with_the_store(tmp_path: Path) -> None:
    (publish,) = publish_to_come(Expectations(records(tmp_path), 10), PUBLISHED[:2])
    assert (publish.status, publish.reason) == ("pending", "compares the new lists with the store")
