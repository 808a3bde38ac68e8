"""Running the plan: reuse what is there, compute what is not, record everything."""

from __future__ import annotations

import logging
import os
import platform
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from omnix_cli import __version__
from omnix_cli.errors import (
    ConfigError,
    DataError,
    Interrupted,
    OmnixError,
    PartialError,
    UnavailableError,
)
from omnix_cli.protocols.checkpoints import Checkpoint, Checkpoints, Figures, RunRecords, StoredFrame
from omnix_cli.protocols.progress import NO_PROGRESS, MayGoOn, Progress, always
from omnix_cli.protocols.steps import Engine, PlanStep, Resources
from omnix_cli.records import RunRecord, StepRecord, run_id_at
from omnix_cli.services.as_of import IMPORT_SOME, NO_PURCHASES, resolve_as_of, stray_days
from omnix_cli.services.content_keys import digest
from omnix_cli.services.customers.profile_patterns import PROFILED
from omnix_cli.services.publishing.publisher import PUBLISHED, Publisher
from omnix_cli.services.runs.expectations import Expectation, Expectations
from omnix_cli.services.runs.planning import Decision, closure, decide
from omnix_cli.services.runs.run_journal import Journal, ending, step_record
from omnix_cli.services.runs.steps_to_come import LIST_STEPS, publish_to_come, step_to_come
from omnix_cli.services.runs.timed_steps import timed
from omnix_cli.settings import PrivacySettings, Settings, dump
from omnix_cli.steps.consent import with_consent

_log = logging.getLogger(__name__)

PROFILE_STEP = "segments"
"""The step that, with what it needs, makes what is written to profiles."""


@dataclass(frozen=True)
class Gate:
    """A step that a run must do before it publishes. `objection` says by its figures why nothing may be published."""

    step: PlanStep
    objection: Callable[[Figures], str | None]


@dataclass(frozen=True)
class Runner:
    """Everything a run needs; made by `wiring`."""

    plan: tuple[PlanStep, ...]
    engine: Engine
    checkpoints: Checkpoints
    records: RunRecords
    sources: Mapping[str, StoredFrame]
    settings: Settings
    resources: Resources
    now: Callable[[], datetime]
    run_id: str | None = None
    """The id of this run; by default made of the time at which it begins."""
    may_go_on: MayGoOn = always
    """Called before and after each step."""
    progress: Progress = NO_PROGRESS
    memory_limit: int | None = None
    """The bytes that the whole process may use; None: not said."""
    gate: Gate | None = None
    """What is asked before a publish."""

    def as_of(self) -> date:
        """The day for which this run computes."""
        purchases, timezone = self.sources["purchases"], self.settings.imports.timezone
        return resolve_as_of(self.settings.as_of, purchases=purchases, now=self.now(), timezone=timezone)

    def explain(self, targets: Collection[str], *, force: Collection[str] = ()) -> tuple[Decision, ...]:
        """What `execute` would do to each step, and why. Computes and writes nothing."""
        steps, as_of = closure(self.plan, targets), self.as_of()
        return decide(steps, self.sources, self.settings, as_of, self.checkpoints, self.records, force=force)

    def preview(
        self,
        targets: Collection[str],
        *,
        force: Collection[str] = (),
        publishes: bool = False,
        publisher: Publisher | None = None,
    ) -> tuple[StepRecord, ...]:
        """What `execute` would do: for a step that would run, what it is expected to take. `publisher` must be a dry
        run; it compares the lists with the store if they exist already."""
        gated, targets = self._gated(publishes), self._targets(targets, publishes)
        if not self.sources["purchases"].rows:
            waiting = closure(gated.plan, targets)
            return tuple(StepRecord(name=s.name, key="", status="pending", reason="no purchases yet") for s in waiting)
        frames, expected = dict(self.sources), self.expectations
        steps = []
        decisions = gated.explain(targets, force=force)
        self._check_memory(decisions, expected, publishes=publishes)
        for decision in decisions:
            if decision.reuse:
                steps.append(step_record(decision, decision.reuse, frames))
                frames.update({name: decision.reuse.frame(name) for name in decision.step.outputs})
            else:
                steps.append(step_to_come(decision, expected, frames))
        if not publishes:
            return tuple(steps)
        is_new = any(step.status == "pending" for step in steps)
        objection = self._objection(steps) or (publisher.objection(self.as_of()) if publisher and is_new else None)
        if objection:
            steps.append(StepRecord(name="publish", key="", status="skipped", reason=objection))
        elif publisher and not is_new:
            steps += _published(publisher, frames, "dry-run", self.as_of())
        else:
            steps += publish_to_come(expected, steps)
        return tuple(steps)

    @property
    def expectations(self) -> Expectations:
        """What the steps are expected to take on the imports as they are now."""
        products = self.sources["products"].rows if "products" in self.sources else 0
        neighbours = self.settings.similarity.neighbours
        return Expectations(self.records, self.sources["purchases"].rows, products, neighbours)

    def execute(
        self,
        targets: Collection[str],
        *,
        command: str,
        force: Collection[str] = (),
        publisher: Publisher | None = None,
        imported: tuple[StepRecord, ...] = (),
    ) -> RunRecord:
        """Brings the target steps up to date, then publishes if `publisher` is given.

        `imported` are the imports made just before, for the record. The record on disk is updated after every step.
        Raises `DataError` without purchases, and whatever stopped a step, once the record says so."""
        if not self.sources["purchases"].rows:
            raise DataError(NO_PURCHASES, hint=IMPORT_SOME)
        if strays := stray_days(self.sources["purchases"]):
            _log.warning("%s", strays, extra={"as_of": self.as_of().isoformat()})
        journal = Journal(self.records, self._new_record(command, imported, self.as_of()))

        def work() -> None:
            publishes = publisher is not None
            gated, all_targets = self._gated(publishes), self._targets(targets, publishes)
            frames, put_off = gated._compute_all(all_targets, force, journal, publishes=publishes)
            self.may_go_on()
            if publisher:
                self._check(journal.record, publisher)
                for step in _published(publisher, frames, journal.record.run_id, journal.record.as_of):
                    journal.note(step)
            if put_off:
                put_off.hint = f"{put_off.hint or ''} The rest of the run was done with what is known.".strip()
                put_off.report = journal.record
                raise put_off

        return self._recorded(journal, work)

    def _gated(self, publishes: bool) -> Runner:
        """With the step of the gate in the plan, if something is to be published."""
        return replace(self, plan=(*self.plan, self.gate.step)) if publishes and self.gate else self

    def _targets(self, targets: Collection[str], publishes: bool) -> tuple[str, ...]:
        return (*targets, self.gate.step.name) if publishes and self.gate else tuple(targets)

    def _check_memory(self, decisions: Iterable[Decision], expected: Expectations, *, publishes: bool = False) -> None:
        """Raises `ConfigError` when a step that runs cannot keep to the limit."""
        running = [decision.step.name for decision in decisions if decision.reuse is None]
        if self.memory_limit is None or not running:
            return
        sold = self.sources["purchases"].scan("product_id").select(pl.col("product_id").n_unique()).collect().item()
        most = replace(expected, products=max(expected.products, sold))
        most.check([*running, *(["publish"] if publishes else [])], self.memory_limit)

    def _objection(self, steps: Iterable[StepRecord]) -> str | None:
        """Why the gate lets nothing be published; None if it does, or has not been asked yet."""
        if self.gate is None:
            return None
        asked = next((step for step in steps if step.name == self.gate.step.name and step.status != "pending"), None)
        return self.gate.objection(asked.figures) if asked else None

    def _check(self, record: RunRecord, publisher: Publisher) -> None:
        """Raises `DataError` when the gate objects; if the publish is forced, warns."""
        objection = self._objection(record.steps)
        if objection and publisher.force:
            _log.warning("published by --force: %s", objection)
        elif objection:
            raise DataError(
                f"not published: {objection}",
                hint="`omnix evaluate show` has the figures. The store keeps the earlier lists; --force publishes.",
            )

    def failed_imports(self, command: str, imported: tuple[StepRecord, ...], error: OmnixError) -> RunRecord:
        """Records a run that ended with its imports, and why."""
        try:
            as_of = self.as_of()
        except OmnixError:  # nothing was ever imported
            as_of = self.now().astimezone(ZoneInfo(self.settings.imports.timezone)).date()
        journal = Journal(self.records, self._new_record(command, imported, as_of))
        journal.save(**ending(error), finished_at=self.now())
        return journal.record

    def inputs(self, name: str) -> dict[str, StoredFrame]:
        """The frames that a step reads, after bringing the steps that make them up to date."""
        step = next(step for step in self.plan if step.name == name)
        makers = [other.name for other in self.plan if set(other.outputs) & set(step.inputs)]
        if makers:
            self.execute(makers, command=f"inputs of {name}")
        frames = dict(self.sources)
        for decision in self.explain(makers):
            if decision.reuse:
                frames.update({frame: decision.reuse.frame(frame) for frame in decision.step.outputs})
        return {frame: frames[frame] for frame in step.inputs}

    def roll_back(self, run_id: str, publisher: Publisher) -> RunRecord:
        """Publishes the lists of an earlier run again; only what differs from the store is written."""
        past, lists = self.past_lists(run_id)
        journal = Journal(self.records, self._new_record(f"publish --rollback {past.run_id}", (), past.as_of))
        return self._recorded(
            journal, lambda: journal.note(publisher.publish(lists, journal.record.run_id, past.as_of))
        )

    def past_lists(self, run_id: str) -> tuple[RunRecord, dict[str, StoredFrame]]:
        """An earlier run and its lists. Raises `DataError` when it made none, or they were pruned."""
        past = self.records.load(run_id)
        made = [self.checkpoints.find(step.key) for step in past.steps if step.name in LIST_STEPS]
        lists = {
            name: checkpoint.frame(name)
            for checkpoint in made
            for name in PUBLISHED
            if checkpoint and name in checkpoint.manifest.parts
        }
        if set(lists) != set(PUBLISHED):
            raise DataError(f"run {past.run_id} has no lists", hint="`omnix runs list` shows all runs.")
        agreed = _Agreed(lists["recommendations"], self.sources["customers"], self.settings.privacy)
        return past, {**lists, "recommendations": agreed}

    def _recorded(self, journal: Journal, work: Callable[[], None]) -> RunRecord:
        """Does the work, and writes the record of the run when it begins and when it ends, however it ends. Raises
        `PartialError` when a step could not do all of its work."""
        try:
            self._do(journal, work)
        except BaseException as error:
            # Of a Ctrl-C, polars raises its own exception first. Python then raises that of our handler anywhere,
            # perhaps where the first is being handled.
            if journal.record.status == "running":
                journal.save(**ending(error), finished_at=self.now())
            raise
        return journal.record

    def _do(self, journal: Journal, work: Callable[[], None]) -> None:
        try:
            journal.save()
            work()
            problems = [f"{step.name}: {step.incomplete}" for step in journal.record.steps if step.incomplete]
            if problems:
                hint = f"`omnix runs show {journal.record.run_id}` has the figures."
                raise PartialError("; ".join(problems), hint=hint)
            journal.save(status="done", exit_code=0, finished_at=self.now())
        except BaseException as error:
            try:
                if isinstance(error, Exception):
                    self.may_go_on()  # perhaps a library made this error of a signal
            except OmnixError as cause:
                journal.save(**ending(cause), finished_at=self.now())
                raise cause from error
            try:
                journal.save(**ending(error), finished_at=self.now())
                if isinstance(error, PartialError) or isinstance(getattr(error, "report", None), RunRecord):
                    error.report = journal.record  # type: ignore[attr-defined]
            except Interrupted as again:  # polars reported the same signal first
                journal.save(**ending(again), finished_at=self.now())
                raise
            raise

    def _new_record(self, command: str, imported: tuple[StepRecord, ...], as_of: date) -> RunRecord:
        started = self.now()
        return RunRecord(
            run_id=self.run_id or run_id_at(started),
            command=command,
            status="running",
            as_of=as_of,
            started_at=started,
            settings=dump(self.settings),
            sources={name: frame.key for name, frame in self.sources.items()},
            steps=imported,
            source_rows={name: frame.rows for name, frame in self.sources.items()},
            tools={"omnix": __version__, "polars": pl.__version__, "python": platform.python_version()},
            host=socket.gethostname(),
            process=os.getpid(),
        )

    def _compute_all(
        self, targets: Collection[str], force: Collection[str], journal: Journal, *, publishes: bool
    ) -> tuple[dict[str, StoredFrame], OmnixError | None]:
        """All frames; and the error of a step that failed because of a service or its settings, while its stand-in did
        its work: no optional part keeps the rest of a run from happening."""
        frames, put_off = dict(self.sources), None
        expected, runner, left = self.expectations, self, list(self.explain(targets, force=force))
        self._check_memory(left, expected, publishes=publishes)
        while left:
            decision = left.pop(0)
            self.may_go_on()
            try:
                checkpoint = decision.reuse or self._compute(decision, frames, expected.of(decision.step.name))
            except (ConfigError, DataError, UnavailableError) as error:
                if (stand_in := decision.step.stand_in) is None:
                    raise
                put_off = error
                _log.warning("%s goes on with what is known: %s", decision.step.name, error.message)
                plan = tuple(stand_in if step is decision.step else step for step in runner.plan)
                runner = replace(runner, plan=plan)
                names = {decision.step.name, *(later.step.name for later in left)}
                left = [one for one in runner.explain(targets, force=force) if one.step.name in names]
                continue
            record = step_record(decision, checkpoint, frames)
            if put_off and decision.step in (step.stand_in for step in self.plan):
                record = record.model_copy(update={"incomplete": put_off.message})
            journal.note(record)
            frames.update({name: checkpoint.frame(name) for name in decision.step.outputs})
        return frames, put_off

    def _compute(self, decision: Decision, frames: Mapping[str, StoredFrame], expected: Expectation) -> Checkpoint:
        step = decision.step
        facts = {"expected_seconds": expected.seconds, "expected_peak_mb": expected.peak_bytes // 1_000_000}
        _log.info("step begins", extra={"step": step.name, "reason": decision.reason, **facts})
        given = {"as_of": decision.day} if step.dated else {}
        resources = {"resources": self.resources} if step.needs_resources else {}
        arguments: dict[str, Any] = {**step.settings(self.settings), **given, **resources}
        with (
            self.checkpoints.write(
                key=decision.key,
                step=step.name,
                version=step.version,
                parameters=decision.parameters,
                inputs=decision.inputs,
            ) as writer,
            timed(self.progress, step.name, expected.seconds),
        ):
            self.engine.run(step, {name: frames[name] for name in step.inputs}, arguments, writer)
        return self.checkpoints.open(decision.key)


def _published(
    publisher: Publisher, frames: Mapping[str, StoredFrame], run_id: str, as_of: date
) -> Iterator[StepRecord]:
    """Publishes the lists; then writes the profiles, unless the lists were not to be published."""
    lists = publisher.publish({name: frames[name] for name in PUBLISHED}, run_id, as_of)
    yield lists
    if lists.status != "skipped" and set(PROFILED) <= frames.keys():
        profiles = publisher.write_profiles({name: frames[name] for name in PROFILED})
        if profiles:
            yield profiles


@dataclass(frozen=True)
class _Agreed:
    """Rows of customers who consent to personalisation now, whatever they did when the rows were made. Implements
    `protocols.StoredFrame`."""

    made: StoredFrame
    customers: StoredFrame
    privacy: PrivacySettings

    @property
    def name(self) -> str:
        return self.made.name

    @property
    def key(self) -> str:
        return f"{self.made.key}-{digest({'customers': self.customers.key, 'privacy': dump(self.privacy)})}"

    @property
    def rows(self) -> int:
        return self.made.rows

    def scan(self, *columns: str) -> pl.LazyFrame:
        default = self.privacy.consent_personalisation
        rows = with_consent(self.made.scan(), self.customers.scan(), default=default)
        return rows.select(columns) if columns else rows
