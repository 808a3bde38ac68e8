"""Running an evaluation as a step: it is computed once for the same purchases and settings, and kept with its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from omnix_cli.errors import CorruptCheckpoint, DataError
from omnix_cli.protocols.checkpoints import Checkpoints, Figures, RunRecords, StoredFrame
from omnix_cli.protocols.steps import PlanStep, StepOutput
from omnix_cli.records import RunRecord, StepRecord
from omnix_cli.services.evaluation.cut_history import Plan
from omnix_cli.services.runs.runner import Runner
from omnix_cli.settings import dump
from omnix_cli.steps.evaluation.bootstrap import RESAMPLES, SEED
from omnix_cli.steps.evaluation.tables import compared

VERSION = "2"
PREFIX = "evaluate-"
_FRAMES = ("evaluations", "reliability")
_SECTIONS = ("similarity", "prediction", "ranking", "recommend", "shop_lists", "privacy")
"""The settings that a step on a cut history may read."""


@dataclass(frozen=True)
class GivenFrame:
    """Rows from outside the workspace, in memory. Implements `protocols.StoredFrame`."""

    name: str
    given: pl.DataFrame
    key: str

    @property
    def rows(self) -> int:
        return self.given.height

    def scan(self, *columns: str) -> pl.LazyFrame:
        return self.given.lazy()


@dataclass(frozen=True)
class EvaluationReport:
    """One evaluation: the frames `evaluations` and `reliability`, what was asked and chosen, and the run that keeps
    it."""

    name: str
    run: RunRecord
    evaluations: pl.DataFrame
    reliability: pl.DataFrame
    figures: Figures

    @property
    def missing(self) -> str:
        """What there is too little of to evaluate; empty when there is enough."""
        return str(self.figures.get("missing", ""))


@dataclass(frozen=True)
class EvaluationComparison:
    """The same figures of two evaluations, and their difference."""

    before: str
    after: str
    frame: pl.DataFrame


def plan_of(runner: Runner) -> Plan:
    """The steps of a runner, to compute on a cut history."""
    return Plan(runner.plan, runner.settings, runner.resources)


def evaluation_step(
    name: str, function: Callable[..., StepOutput], inputs: tuple[str, ...], plan: Plan, options: Mapping[str, Any]
) -> PlanStep:
    """An evaluation as a step. Its key has the options, the settings and the versions of the steps that it may call,
    so that only the same question gets the kept answer."""
    return PlanStep(
        f"{PREFIX}{name}",
        function,
        inputs=inputs,
        outputs=_FRAMES,
        version=VERSION,
        extra_key=lambda: {
            "options": dict(options),
            "settings": {section: dump(getattr(plan.settings, section)) for section in _SECTIONS},
            "steps": {step.name: [step.version, step.extra_key()] for step in plan.steps},
            "bootstrap": [RESAMPLES, SEED],
        },
    )


def evaluate(
    runner: Runner, step: PlanStep, *, force: bool = False, more: Mapping[str, StoredFrame] | None = None
) -> EvaluationReport:
    """Runs an evaluation, or takes the kept one, and records the run. `more` are frames besides the imported ones."""
    running = replace(runner, plan=(step,), sources={**runner.sources, **(more or {})})
    command = step.name.replace(PREFIX, "evaluate ", 1)
    record = running.execute([step.name], command=command, force=(step.name,) if force else ())
    return _report(record, record.steps[-1], runner.checkpoints)


def kept(records: RunRecords, checkpoints: Checkpoints, run: str, *, name: str | None = None) -> EvaluationReport:
    """The evaluation that a run keeps; for `latest` the newest one (of this name). Raises `DataError` when there is
    none."""
    runs = records.newest_first() if run == "latest" else iter([records.load(run)])
    for record in runs:
        for step in record.steps:
            is_kept = step.name.startswith(PREFIX) and step.status in ("ran", "reused")
            if is_kept and name in (None, step.name.removeprefix(PREFIX)):
                return _report(record, step, checkpoints)
    what = f"no run keeps an evaluation{f' of {name}' if name else ''}" if run == "latest" else (
        f"run {run} keeps no evaluation{f' of {name}' if name else ''}"
    )  # fmt: skip
    raise DataError(what, hint="`omnix evaluate next-basket` makes one; `omnix runs list` shows the runs.")


def compare(before: EvaluationReport, after: EvaluationReport) -> EvaluationComparison:
    """Two evaluations side by side."""
    return EvaluationComparison(before.run.run_id, after.run.run_id, compared(before.evaluations, after.evaluations))


def _report(record: RunRecord, step: StepRecord, checkpoints: Checkpoints) -> EvaluationReport:
    checkpoint = checkpoints.open(step.key)
    damage = checkpoints.damage(step.key)
    if damage:
        message = f"checkpoint {step.key} is damaged ({damage})"
        raise CorruptCheckpoint(message, hint="Evaluate again: the same command builds it anew.")
    evaluations, reliability = (checkpoint.frame(name).scan().collect() for name in _FRAMES)
    figures = dict(checkpoint.manifest.figures)
    return EvaluationReport(step.name.removeprefix(PREFIX), record, evaluations, reliability, figures)
