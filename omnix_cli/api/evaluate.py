"""`workspace.evaluate`: how good the results are, measured on the workspace's own purchases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnix_cli.api.opening import Opening
from omnix_cli.errors import ConfigError

if TYPE_CHECKING:
    from omnix_cli.protocols.checkpoints import StoredFrame
    from omnix_cli.protocols.steps import PlanStep, StepOutput
    from omnix_cli.services.evaluation.cut_history import Plan
    from omnix_cli.services.evaluation.evaluations import EvaluationComparison, EvaluationReport

_SOURCES = ("purchases", "products", "customers", "interactions")


@dataclass(frozen=True)
class Evaluate:
    """The evaluations of a workspace. Each cuts the purchases at a time, asks omnix and simple baselines what comes
    next, and compares with what was bought; it is kept with a run, and the same question gets the kept answer."""

    opening: Opening

    def next_basket(
        self,
        *,
        as_of: str = "each",
        places: int = 10,
        customers: int | None = None,
        test_customers: str | Path | Sequence[str] | None = None,
        order_only: bool = False,
        history: Sequence[str | Path] = (),
        truth: str | Path | None = None,
        min_baskets: int = 2,
        min_product_baskets: int = 1,
        convention: str = "omnix",
        force: bool = False,
    ) -> EvaluationReport:
        """How many products of the next basket are in the first `places`: see
        `services.evaluation.asked_baskets.BasketQuestions` for the arguments. `test_customers` are ids, or a file that
        names them. `history` and `truth` are files of baskets in their order, in place of the workspace's purchases:
        those of `truth` are asked for."""
        from omnix_cli.services.evaluation.asked_baskets import BasketQuestions, evaluate_next_basket
        from omnix_cli.services.evaluation.evaluations import GivenFrame
        from omnix_cli.stores.inputs.basket_files import read_baskets
        from omnix_cli.stores.inputs.customer_ids import read_customer_ids

        if truth is not None and not history:
            raise ConfigError("the true baskets need a history", hint="Give the files of the history with --history.")
        ids = test_customers
        if isinstance(ids, str | Path):
            ids = read_customer_ids(Path(ids))
        given = {}
        if history:
            lines, key, of_truth = read_baskets(
                [Path(file) for file in history], None if truth is None else Path(truth)
            )
            ids = of_truth if ids is None else ids if of_truth is None else sorted(set(ids) & set(of_truth))
            given = {"purchases": GivenFrame("purchases", lines, key)}
        asked = BasketQuestions(
            as_of=as_of,
            places=places,
            customers=customers,
            test_customers=None if ids is None else tuple(sorted(set(ids))),
            order_only=order_only or bool(history),
            min_baskets=min_baskets,
            min_product_baskets=min_product_baskets,
            convention=convention,
        )

        def evaluation(plan: Plan, may_go_on: Callable[[], None]) -> Callable[..., StepOutput]:
            return lambda **frames: evaluate_next_basket(**frames, asked=asked, plan=plan, may_go_on=may_go_on)

        return self._evaluate(
            "next-basket", evaluation, ("purchases", "products"), asdict(asked), force=force, given=given
        )

    def next_purchase(
        self, *, as_of: str | None = None, customers: int | None = None, force: bool = False
    ) -> EvaluationReport:
        """Chances and dates of the next purchase of each product that a customer bought before. `as_of` is the day on
        which the chances are asked; all pairs are judged, also those that are too unlikely for a prediction."""
        from omnix_cli.services.evaluation.asked_purchases import PurchaseQuestions, evaluate_next_purchase

        asked = PurchaseQuestions(as_of, customers)

        def evaluation(plan: Plan, may_go_on: Callable[[], None]) -> Callable[..., StepOutput]:
            return lambda **given: evaluate_next_purchase(**given, asked=asked, plan=plan, may_go_on=may_go_on)

        everything = {"prediction__min_alive": 0.0}
        options = asdict(asked)
        return self._evaluate("next-purchase", evaluation, _SOURCES, options, force=force, settings=everything)

    def similarity(
        self, *, as_of: str | None = None, products: int = 3000, places: int = 10, force: bool = False
    ) -> EvaluationReport:
        """The neighbours of products, judged by what customers bought together after the day `as_of`."""
        from omnix_cli.services.evaluation.later_neighbours import NeighbourQuestions, evaluate_similarity

        asked = NeighbourQuestions(as_of, products, places)

        def evaluation(plan: Plan, may_go_on: Callable[[], None]) -> Callable[..., StepOutput]:
            return lambda **given: evaluate_similarity(**given, asked=asked, plan=plan, may_go_on=may_go_on)

        return self._evaluate("similarity", evaluation, _SOURCES, asdict(asked), force=force)

    def lists(
        self, *, as_of: str | None = None, places: int = 10, customers: int | None = None, force: bool = False
    ) -> EvaluationReport:
        """The lists that a run would have made as of the day `as_of`, judged by the first basket since."""
        from omnix_cli.services.evaluation.shown_lists import ListQuestions, evaluate_lists

        asked = ListQuestions(as_of, places, customers)

        def evaluation(plan: Plan, may_go_on: Callable[[], None]) -> Callable[..., StepOutput]:
            return lambda **given: evaluate_lists(**given, asked=asked, plan=plan, may_go_on=may_go_on)

        return self._evaluate("lists", evaluation, _SOURCES, asdict(asked), force=force)

    def live(self, *, customers: int | None = None, force: bool = False) -> EvaluationReport:
        """What past runs predicted, beside what was bought since: by predictor, urgency, category and probability."""
        from omnix_cli.services.evaluation.evaluations import evaluate, evaluation_step, plan_of
        from omnix_cli.services.evaluation.live_outcomes import evaluate_live, past_predictions

        with self.opening.locked("evaluate live", resumes=True) as workspace:
            runner = workspace.runner(workspace.predictors.statistical())
            past = past_predictions(workspace.records, workspace.checkpoints)
            least = runner.settings.privacy.min_customers
            live = partial(evaluate_live, customers=customers, min_customers=least, may_go_on=runner.may_go_on)
            inputs = ("purchases", "products", *past)
            step = evaluation_step("live", live, inputs, plan_of(runner), {"customers": customers})
            return evaluate(runner, step, force=force, more=past)

    def show(self, run: str = "latest") -> EvaluationReport:
        """An evaluation that was kept: of a run (its id or the beginning of it), or the latest."""
        from omnix_cli.services.evaluation.evaluations import kept

        reader = self.opening.results()
        return kept(reader.records, reader.checkpoints, run)

    def compare(self, before: str, after: str = "latest") -> EvaluationComparison:
        """The figures of two runs that keep the same kind of evaluation, and their difference."""
        from omnix_cli.services.evaluation.evaluations import compare, kept

        reader = self.opening.results()
        old = kept(reader.records, reader.checkpoints, before)
        return compare(old, kept(reader.records, reader.checkpoints, after, name=old.name))

    def _evaluate(
        self,
        name: str,
        evaluation: Callable[[Plan, Callable[[], None]], Callable[..., StepOutput]],
        inputs: tuple[str, ...],
        options: dict[str, Any],
        *,
        force: bool,
        given: Mapping[str, StoredFrame] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> EvaluationReport:
        from omnix_cli.services.evaluation.evaluations import evaluate, evaluation_step, plan_of

        with self.opening.locked(f"evaluate {name}", resumes=True, **(settings or {})) as workspace:
            runner = workspace.runner(workspace.predictors.statistical())
            plan = plan_of(runner)
            step: PlanStep = evaluation_step(name, evaluation(plan, runner.may_go_on), inputs, plan, options)
            return evaluate(runner, step, force=force, more=given)
