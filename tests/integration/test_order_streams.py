"""Simulated shops, exported in many ways, cut into files and imports: what stands is what happened there,
and importing it again changes nothing.

`make soak` tries many more of them."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.streams.trials import EXPORTS, WHOLE, WITH_IDS, WITHOUT_IDS, Trial, run, trials

some = settings(deadline=None, max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))


@some
@given(trials(WITHOUT_IDS, ("nightly", "at once", "apart")))
def test_exports_of_orders(trial: Trial) -> None:
    run(trial)


@some
@given(trials(WHOLE, ("nightly", "at once", "apart")))
def test_exports_of_whole_orders(trial: Trial) -> None:
    run(trial)


@some
@given(trials(WITH_IDS, ("nightly", "at once", "apart")))
def test_exports_of_lines_with_ids(trial: Trial) -> None:
    run(trial)


@some
@given(trials(WITHOUT_IDS, ("torn",)))
def test_orders_that_are_cut_between_imports(trial: Trial) -> None:
    run(trial)


@some
@given(trials({name: one for name, one in EXPORTS.items() if not one.log}, ("shuffled",), changed_at=True))
def test_the_order_of_files_does_not_matter_where_the_time_of_a_change_is_known(trial: Trial) -> None:
    run(trial)
