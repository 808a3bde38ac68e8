"""The records of steps that a run would do: what they are expected to read, make, write and take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.records import StepRecord
from omnix_cli.services.runs.expectations import Expectations
from omnix_cli.services.runs.planning import Decision

LIST_STEPS = ("recommend", "shop_lists")
"""The steps that make the published frames."""


def step_to_come(decision: Decision, expectations: Expectations, frames: Mapping[str, StoredFrame]) -> StepRecord:
    """A step that would run, with what it is expected to take."""
    expected, inputs = expectations.of(decision.step.name), decision.step.inputs
    known = all(name in frames for name in inputs)
    return StepRecord(
        name=decision.step.name,
        key=decision.key,
        status="pending",
        reason=decision.reason,
        rows_in=sum(frames[name].rows for name in inputs) if known else expected.rows_in,
        rows_out=expected.rows_out,
        seconds=expected.seconds,
        peak_memory_bytes=expected.peak_bytes,
    )


def publish_to_come(expectations: Expectations, steps: Sequence[StepRecord]) -> Iterator[StepRecord]:
    """What is written after these steps, without a look at the store: nothing if the last publish wrote the same lists;
    otherwise nobody knows yet which of the lists change, but what the last publish wrote."""
    lists = {step.key for step in steps if step.name in LIST_STEPS}
    published = expectations.published
    if published and lists == {step.key for step in published.steps if step.name in LIST_STEPS}:
        yield StepRecord(name="publish", key="", status="reused", reason="nothing changed")
        return
    last = expectations.last("publish")
    reason = "compares the new lists with the store"
    if last is not None:
        written = sum(int(last.figures.get(name, 0)) for name in ("added", "changed", "refreshed", "removed"))
        reason += f"; the last publish wrote {written:,} of {last.rows_out:,}"
    yield _to_write("publish", reason, expectations)
    if expectations.last("profiles") is not None:
        yield _to_write("profiles", "compares the patterns with the profiles in the store", expectations)


def _to_write(name: str, reason: str, expectations: Expectations) -> StepRecord:
    last, expected = expectations.last(name), expectations.of(name)
    figures = last.figures if last else {}
    return StepRecord(
        name=name,
        key="",
        status="pending",
        reason=reason,
        rows_in=expected.rows_in,
        rows_out=last.rows_out if last else 0,
        seconds=expected.seconds,
        peak_memory_bytes=expected.peak_bytes,
        figures={key: value for key, value in figures.items() if key in ("write_units", "cost_usd")},
    )
