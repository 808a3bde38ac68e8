"""What a run would do and why: each step's checkpoint key, and the reason it runs or is reused.

A key is a hash of what goes into the step, so all keys are known before anything is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.protocols.checkpoints import Checkpoint, Checkpoints, Manifest, RunRecords, StoredFrame
from omnix_cli.protocols.steps import PlanStep
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest, rows_key
from omnix_cli.settings import Section, Settings, dump

_LOST = "its checkpoint is missing or damaged"


@dataclass(frozen=True)
class Decision:
    """What happens to one step and why: the day it computes for, its key, the keys of its inputs by frame, its
    parameters, and the checkpoint to reuse (None: it runs)."""

    step: PlanStep
    day: date
    key: str
    inputs: Mapping[str, str]
    parameters: Mapping[str, Any]
    reuse: Checkpoint | None
    reason: str


def closure(plan: Iterable[PlanStep], targets: Collection[str]) -> tuple[PlanStep, ...]:
    """The steps that `targets` (step names) need, including themselves, in the order of the plan."""
    steps = tuple(plan)
    wanted = set(targets)
    for step in reversed(steps):
        if step.name in wanted:
            wanted.update(other.name for other in steps if set(other.outputs) & set(step.inputs))
    return tuple(step for step in steps if step.name in wanted)


def decide(
    steps: Iterable[PlanStep],
    sources: Mapping[str, StoredFrame],
    settings: Settings,
    as_of: date,
    checkpoints: Checkpoints,
    records: RunRecords,
    *,
    force: Collection[str] = (),
) -> tuple[Decision, ...]:
    """One decision for each step, in order. `force` names the steps to compute again even if nothing changed."""
    keys = {name: frame.key for name, frame in sources.items()}
    decisions = []
    for step in steps:
        day = step.day(as_of)
        inputs = {name: keys[name] for name in step.inputs}
        inputs |= {name: rows_key(part(sources[name].scan(), day)) for name, part in step.reads.items()}
        parameters = _parameters(step, settings, day)
        key = _key(step, parameters, inputs)
        reuse = None if step.name in force else checkpoints.find(key)
        if reuse:
            reason = "nothing changed"
        elif step.name in force:
            reason = "forced"
        else:
            reason = _why(step, key, parameters, inputs, _previous(step.name, checkpoints, records))
        decisions.append(Decision(step, day, key, inputs, parameters, reuse, reason))
        keys.update(dict.fromkeys(step.outputs, key))
    return tuple(decisions)


def _parameters(step: PlanStep, settings: Settings, as_of: date) -> dict[str, Any]:
    parameters = {name: _plain(value) for name, value in step.settings(settings).items()}
    return {**parameters, **step.extra_key(), **({"as_of": as_of.isoformat()} if step.dated else {})}


def _plain(value: Any) -> Any:
    """A setting as it is read back from a manifest."""
    plain = dump(value) if isinstance(value, Section) else value
    return list(plain) if isinstance(plain, tuple) else plain


def _key(step: PlanStep, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    ingredients = {"step": step.name, "version": step.version, "parameters": parameters, "inputs": inputs}
    ingredients["schemas"] = {name: FRAMES[name].fingerprint for name in step.outputs}
    return f"{step.name}-{digest(ingredients)}"


def _previous(step: str, checkpoints: Checkpoints, records: RunRecords) -> Manifest | str | None:
    """The manifest of this step in the newest run that has it, or its key when that checkpoint was removed."""
    for record in records.newest_first():
        done = record.step(step)
        if done is None or done.status not in ("ran", "reused"):
            continue
        try:
            return checkpoints.open(done.key).manifest
        except CorruptCheckpoint:
            return done.key
    return None


def _why(
    step: PlanStep, key: str, parameters: Mapping[str, Any], inputs: Mapping[str, str], previous: Manifest | str | None
) -> str:
    if previous is None:
        return "first time"
    if isinstance(previous, str):
        return _LOST if previous == key else "changed; the earlier checkpoint was removed"
    changes = []
    if previous.parameters.get("predictor") != parameters.get("predictor"):  # then nothing else can be compared
        changes.append(f"predictor {previous.parameters.get('predictor')} -> {parameters.get('predictor')}")
    else:
        if previous.version != step.version:
            changes.append(f"the step changed (version {previous.version} -> {step.version})")
        changes.extend(_changed_parameters(previous.parameters, parameters))
    changed_inputs = [name for name, value in inputs.items() if previous.inputs.get(name) != value]
    if changed_inputs:
        changes.append(f"changed input: {', '.join(changed_inputs)}")
    if not changes and previous.key != key:
        current = {name: FRAMES[name].written for name in previous.schemas}
        return "its columns changed" if current != previous.schemas else "another release of omnix computed it"
    return "; ".join(changes) or _LOST


def _changed_parameters(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[str]:
    changes: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changes.extend(_changed_parameters(old, new, "" if name == "parameters" else f"{name}."))
        elif old != new:
            changes.append(f"{prefix}{name} {old} -> {new}")
    return changes
