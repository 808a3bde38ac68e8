"""A workspace, and every command as a method of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnix_cli.api.evaluate import Evaluate
from omnix_cli.api.imports import Imports, Quarantine
from omnix_cli.api.models import Models
from omnix_cli.api.opening import Opening, model_settings, present
from omnix_cli.api.privacy import Privacy
from omnix_cli.api.runs import Runs
from omnix_cli.api.tables import Tables
from omnix_cli.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

    from omnix_cli.api.opening import Dollars
    from omnix_cli.configuration import LoadedSettings
    from omnix_cli.records import Finding
    from omnix_cli.services.customers.customer_side import CustomerSide
    from omnix_cli.services.lookups.explanations import Explanation
    from omnix_cli.services.lookups.reason_checks import ReasonCheck
    from omnix_cli.services.lookups.results import Results
    from omnix_cli.services.publishing.publisher import Publisher
    from omnix_cli.services.runs.commands import Command, RunReport
    from omnix_cli.services.runs.runner import Runner
    from omnix_cli.wiring.workspaces import Workspace as Working


class Workspace:
    """A workspace and its settings. Each method is one command of `omnix`; groups of commands are attributes.

    Methods that change the workspace take its lock, so that one process at a time works in it. Those that run steps
    return a `RunReport`; when some customers or items failed, they raise `PartialError`, whose `report` it is. Methods
    that look up results return polars frames; `run` is a run's id, the beginning of one, or `latest`, and `as_of`
    chooses the latest run for that day."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.imports = Imports(opening)
        """Imports of files, tables and the configured sources."""
        self.quarantine = Quarantine(opening)
        """The input rows that could not be imported."""
        self.models = Models(opening)
        """Estimates, comparisons, prompts and batch jobs of models."""
        self.evaluate = Evaluate(opening)
        """How good the results are, measured on the purchases."""
        self.runs = Runs(opening)
        """The records of runs."""
        self.privacy = Privacy(opening)
        """What is kept about single customers: handing it out, and erasing it."""
        self.tables = Tables(opening)
        """Creating, checking, dropping and moving tables."""

    def settings(self, **arguments: Any) -> LoadedSettings:
        """The settings that apply, and where each of them comes from."""
        return self.opening.load(**arguments)

    def check(self) -> list[str]:
        """What the settings lead to, one line each. Raises `ConfigError` for settings that cannot work."""
        from omnix_cli.wiring.settings_check import check_configuration

        return check_configuration(self.opening.load().values)

    def check_data(self) -> tuple[Finding, ...]:
        """What looks wrong in the imported data, with counts, an example and what to do, most severe first."""
        return self.opening.existing().advisor().findings()

    def check_reasons(self, *, limit: int = 3, run: str = "latest", as_of: str | None = None) -> ReasonCheck:
        """Whether the reasons of a run are true, with at most `limit` wrong ones of a kind as examples. Raises
        `PartialError`, which carries the report, when some are not."""
        from omnix_cli.services.lookups.reason_checks import check_reasons

        return check_reasons(self._results(run, as_of).frames, limit=limit)

    @contextmanager
    def customers(self) -> Iterator[CustomerSide]:
        """The customer side, on the store of the settings: profiles, purchases, interactions and published lists. Its
        methods take and return documents with the names of the tables."""
        from omnix_cli.services.customers.customer_side import CustomerSide
        from omnix_cli.wiring.stores import table_store

        settings = self.opening.load().values
        with closing(table_store(settings, now=self.opening.now)) as store:
            yield CustomerSide.of(store, settings, now=self.opening.now)

    def serve(
        self, *, host: str | None = None, port: int | None = None, started: Callable[[str], None] = lambda address: None
    ) -> None:
        """Serves the HTTP API until SIGTERM or Ctrl-C; calls `started` with its address. Needs the extra `api`."""
        from omnix_cli.services.customers.customer_side import CustomerSide
        from omnix_cli.wiring.stores import table_store

        try:
            from omnix_cli.serving.http_api.server import serve
        except ModuleNotFoundError as error:
            hint = "Install it: pip install 'omnix-cli[api]'."
            raise ConfigError(f"the HTTP API needs the package {error.name}", hint=hint) from error
        settings = self.opening.load(api__host=host, api__port=port).values
        with closing(table_store(settings, now=self.opening.now)) as store:
            serve(CustomerSide.of(store, settings, now=self.opening.now), settings.api, started=started)

    def initialise(self, file: Path) -> list[Path]:
        """Makes the workspace and a commented configuration file with its settings. Returns what it made: nothing if
        the file exists."""
        if file.is_absolute() and not file.parent.is_dir():
            hint = "Check --config. A folder is made only below the current one."
            raise ConfigError(f"there is no folder {file.parent} for the configuration", hint=hint)
        with self.opening.locked("init") as workspace:
            return [workspace.folder, file] if workspace.write_configuration(file) else []

    def run(
        self,
        *,
        as_of: str | None = None,
        force: bool = False,
        dry_run: bool = False,
        max_memory: str | None = None,
        predictor: str | None = None,
        store: str | None = None,
    ) -> RunReport:
        """Does the whole nightly job: imports the configured sources, runs every step, publishes."""
        from omnix_cli.services.runs.commands import RUN

        flags = {"engine__max_memory": max_memory, "prediction__predictor": predictor, "store__kind": store}
        return self._update(RUN, as_of=as_of, force=force, dry_run=dry_run, **flags)

    def similarity(
        self, *, as_of: str | None = None, force: bool = False, dry_run: bool = False, max_memory: str | None = None
    ) -> RunReport:
        """Finds the nearest products of every product."""
        from omnix_cli.services.runs.commands import SIMILARITY

        return self._update(SIMILARITY, as_of=as_of, force=force, dry_run=dry_run, engine__max_memory=max_memory)

    def predict(
        self,
        *,
        as_of: str | None = None,
        force: bool = False,
        dry_run: bool = False,
        predictor: str | None = None,
        model: str | None = None,
        prompt: str | None = None,
        budget: Dollars | None = None,
    ) -> RunReport:
        """Predicts when each customer needs what again."""
        from omnix_cli.services.runs.commands import PREDICT

        flags = {"prediction__predictor": predictor, **model_settings(model, prompt, budget)}
        return self._update(PREDICT, as_of=as_of, force=force, dry_run=dry_run, **flags)

    def recommend(self, *, as_of: str | None = None, force: bool = False, dry_run: bool = False) -> RunReport:
        """Makes the recommendation lists."""
        from omnix_cli.services.runs.commands import RECOMMEND

        return self._update(RECOMMEND, as_of=as_of, force=force, dry_run=dry_run)

    def publish(
        self, *, as_of: str | None = None, force: bool = False, dry_run: bool = False, store: str | None = None
    ) -> RunReport:
        """Writes the lists to the store: what changed is written, what is stale is removed."""
        from omnix_cli.services.runs.commands import PUBLISH

        return self._update(PUBLISH, as_of=as_of, force=force, dry_run=dry_run, store__kind=store)

    def roll_back(self, run: str, *, force: bool = False, dry_run: bool = False, store: str | None = None) -> RunReport:
        """Publishes the lists of an earlier run again."""
        from omnix_cli.services.runs.commands import roll_back

        with self.opening.locked("publish", dry_run=dry_run, resumes=True, store__kind=store) as workspace:
            publisher = workspace.publisher(force=force, dry_run=dry_run, roll_back=True)
            return roll_back(workspace.runner(), run, publisher)

    def explain(self, *, as_of: str | None = None, force: bool = False) -> RunReport:
        """What `run` would compute and what it would reuse, and why."""
        from omnix_cli.services.runs.commands import EXPLAIN
        from omnix_cli.wiring.rehearsals import rehearsal

        with rehearsal(self.opening.existing(as_of=as_of)) as workspace:
            return self._brought_up_to_date(EXPLAIN, workspace, force=force, dry_run=True)

    def explain_customer(
        self, customer: str, product: str | None = None, *, run: str = "latest", as_of: str | None = None
    ) -> Explanation:
        """Why a customer is shown a product, on which evidence, or why not; without a product, why these lists."""
        from omnix_cli.services.lookups.explanations import Explainer

        explainer = Explainer(self._results(run, as_of))
        return explainer.customer(customer) if product is None else explainer.pair(customer, product)

    def recommendations(
        self,
        customer: str,
        *,
        context: str = "homepage",
        limit: int = 20,
        run: str = "latest",
        as_of: str | None = None,
    ) -> pl.DataFrame:
        """A customer's list with the reasons; an unknown customer gets the popular products, marked as `fallback`."""
        return self._results(run, as_of).recommendations(customer, context=context, limit=limit)

    def similar(
        self,
        product: str,
        *,
        relation: str | None = None,
        limit: int = 10,
        run: str = "latest",
        as_of: str | None = None,
    ) -> pl.DataFrame:
        """The nearest products of a product, and what makes them near; or only its `complements` or `substitutes`."""
        return self._results(run, as_of).similar(product, relation=relation, limit=limit)

    def due(
        self,
        *,
        days: int = 7,
        customer: str | None = None,
        limit: int = 20,
        run: str = "latest",
        as_of: str | None = None,
    ) -> pl.DataFrame:
        """Who needs what within so many days, the day of the run being the first; likeliest first."""
        return self._results(run, as_of).due(days=days, customer=customer, limit=limit)

    def trending(self, *, limit: int = 10, run: str = "latest", as_of: str | None = None) -> pl.DataFrame:
        """What lately rose faster than the shop as a whole."""
        return self._results(run, as_of).trending(limit=limit)

    def season(self, name: str = "current", *, run: str = "latest", as_of: str | None = None) -> str:
        """The season of that name; `current` is the season of the day of the run."""
        return self._results(run, as_of).season(name)

    def seasonal(
        self, season: str = "current", *, limit: int = 10, run: str = "latest", as_of: str | None = None
    ) -> pl.DataFrame:
        """What this shop sells above all in a season."""
        return self._results(run, as_of).seasonal(season, limit=limit)

    def customer(
        self, customer: str, *, limit: int = 20, run: str = "latest", as_of: str | None = None
    ) -> pl.DataFrame:
        """A customer's rhythm: what is bought how often, and when it is due."""
        return self._results(run, as_of).customer(customer, limit=limit)

    def profile(self, customer: str) -> pl.DataFrame:
        """The imported profile of a customer: one row, or none."""
        return self._results("latest", None).profile(customer)

    def segments(self, customer: str | None = None, *, run: str = "latest", as_of: str | None = None) -> pl.DataFrame:
        """The segments with their numbers of customers; or the segment and shopping patterns of one customer."""
        results = self._results(run, as_of)
        return results.segments() if customer is None else results.segment(customer)

    def analysis(self, customer: str, *, run: str = "latest", as_of: str | None = None) -> pl.DataFrame:
        """What a model said about a customer, as names and values."""
        return self._results(run, as_of).analysis(customer)

    def frame(self, name: str, *, run: str = "latest", as_of: str | None = None) -> pl.DataFrame:
        """A stored frame: one that a step made (`predictions`), or an imported one as it is now (`purchases`)."""
        return self._results(run, as_of).frames.any_frame(name)

    def _update(self, command: Command, *, force: bool, dry_run: bool, **arguments: Any) -> RunReport:
        from omnix_cli.wiring.rehearsals import rehearsal

        with (
            self.opening.locked(command.name, dry_run=dry_run, resumes=True, **arguments) as workspace,
            rehearsal(workspace) if dry_run else nullcontext(workspace) as working,
        ):
            publisher = working.publisher(force=force, dry_run=dry_run) if command.publishes else None
            return self._brought_up_to_date(command, working, force=force, publisher=publisher, dry_run=dry_run)

    def _brought_up_to_date(
        self,
        command: Command,
        workspace: Working,
        *,
        force: bool,
        publisher: Publisher | None = None,
        dry_run: bool = False,
    ) -> RunReport:
        from omnix_cli.services.runs.commands import bring_up_to_date
        from omnix_cli.wiring.rehearsals import questions_to_come

        def runner() -> Runner:
            opened, floors = workspace.runner(), workspace.settings.quality
            if not (command.publishes and floors.has_floor):
                return opened
            from omnix_cli.services.evaluation.evaluations import plan_of
            from omnix_cli.services.evaluation.quality_floors import gate

            statistical = workspace.predictors.statistical
            measuring = gate(floors, lambda: plan_of(workspace.runner(statistical())), opened.may_go_on)
            return replace(opened, gate=measuring)

        return bring_up_to_date(
            command,
            runner,
            import_sources=lambda: chain(workspace.retire(dry_run=dry_run), workspace.import_sources()),
            check_data=lambda: workspace.advisor(keep=not dry_run).check(),
            publisher=publisher,
            ask=lambda: questions_to_come(workspace),
            force=force,
            dry_run=dry_run,
        )

    def _results(self, run: str, as_of: str | None) -> Results:
        return self.opening.results(as_of=as_of).results(run, on_day=as_of is not None)


def open_workspace(
    folder: str | Path | None = None,
    *,
    config: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    now: Callable[[], datetime] = present,
) -> Workspace:
    """Opens the workspace in `folder`, or at an s3:// address; by default the one that the settings name, else
    `.omnix`.

    `config` is a TOML file, `environment` the OMNIX_* variables (such as `os.environ`), `settings` single settings by
    dotted name, such as `{"similarity.neighbours": 20}`; the later of these three override the earlier. Nothing else is
    read: unlike the command line, this uses neither `omnix.toml` of the current folder nor the environment of the
    process unless you pass them. `now` is the clock."""
    logging.getLogger("omnix_cli").addHandler(logging.NullHandler())
    key = "shared_workspace" if str(folder).startswith("s3://") else "workspace"
    address = {} if folder is None else {key: str(folder)}
    file = None if config is None else Path(config)
    return Workspace(Opening(file, environment or {}, {**(settings or {}), **address}, now))
