"""The flow: what is asked, what is not, and what becomes of bad answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from omnix_cli.errors import ConfigError, DataError, UnavailableError
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.records import Failure, Question, Reply
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import BatchSettings, BedrockSettings, PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.rhythms import rhythms
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from tests.conftest import purchases
from tests.histories import START, catalogue, households
from tests.memory_answers import REPLIED_AT, ForecastingAsker, MemoryBatches, MemoryLedger, forecast, reply_to
from tests.unit.steps.frames import frame

AS_OF = START + timedelta(days=150)
SECRET = SecretStr("0123456789abcdef0123456789abcdef")
HISTORY = households(24, days=200, seed=11)
PREDICTION = PredictionSettings()
PRODUCTS = catalogue()
NO_PROFILES = FRAMES["customers"].empty().lazy()


def frames(
    lines: pl.DataFrame = HISTORY,
    *,
    as_of: date = AS_OF,
    products: pl.LazyFrame = PRODUCTS,
    customers: pl.LazyFrame = NO_PROFILES,
) -> dict[str, Any]:
    """What `predict` takes."""
    pairs = cycles(lines.lazy(), as_of=as_of).frames["cycles"]
    learnt = rhythms(lines.lazy(), pairs.lazy(), products, as_of=as_of, personal_purchases=3).frames
    return {
        "as_of": as_of,
        "cycles": pairs.lazy(),
        "rhythms": learnt["rhythms"].lazy(),
        "forecast_model": learnt["forecast_model"].lazy(),
        "products": products,
        "customers": customers,
    }


@cache
def plain() -> dict[str, Any]:
    """The frames of most tests."""
    return frames()


class Shop:
    """A ledger that lasts, and predictors that come and go."""

    def __init__(self, ledger: AnswerLedger | None = None) -> None:
        self.ledger = ledger or MemoryLedger()
        self.asker = ForecastingAsker(self.ledger)

    def predictor(
        self,
        *,
        name: Any = "bedrock",
        jobs: MemoryBatches | None = None,
        consent: bool = True,
        sleep: Callable[[float], None] = lambda seconds: None,
        **settings: Any,
    ) -> BedrockPredictor:
        return BedrockPredictor(
            StatisticalPredictor(PREDICTION),
            self.ledger,
            self.asker,
            load_prompt("replenishment"),
            BedrockSettings(**{"pseudonym_secret": SECRET, **settings}),
            PREDICTION,
            default_consent=consent,
            name=name,
            batch=jobs,
            sleep=sleep,
        )

    def run(self, given: dict[str, Any] | None = None, **options: Any) -> StepOutput:
        return self.predictor(**options).predict(**(given or plain()))

    def asked_now(self) -> list[Question]:
        """What was asked since this was called last."""
        asked, self.asker.asked = self.asker.asked, []
        return asked


@pytest.fixture
def shop() -> Shop:
    return Shop()


def states(output: StepOutput) -> dict[str, str]:
    return dict(output.frames["usage"].select("customer_id", "state").iter_rows())


def same(one: StepOutput, other: StepOutput, *names: str) -> bool:
    return all(one.frames[name].equals(other.frames[name]) for name in names or one.frames)


def statistical(given: dict[str, Any]) -> pl.DataFrame:
    read = {name: given[name] for name in StatisticalPredictor.inputs}
    return StatisticalPredictor(PREDICTION).predict(**read, as_of=given["as_of"]).frames["predictions"]


def spoiled(change: Callable[[Question, dict[str, Any]], Any], *, times: int = 99) -> Any:
    """A fault that changes the right answer, in so many questions of each conversation."""

    def spoil(question: Question, answer: dict[str, Any]) -> str | Reply | Failure:
        if len(question.turns) // 2 >= times:
            return json.dumps(answer)
        result = change(question, answer)
        return result if isinstance(result, str | Reply | Failure) else json.dumps(result)

    return spoil


def test_every_frame_is_as_its_schema_says_and_the_model_s_words_are_in_it(shop: Shop) -> None:
    output = shop.run()
    for name, rows in output.frames.items():
        assert FRAMES[name].conform(rows).equals(rows.sort(FRAMES[name].sort))
    told = output.frames["predictions"].filter(predictor="bedrock")
    assert told.height > 50
    assert told["reason"].str.contains(r"^You buy it about every \d+ days\.$").all()
    assert set(told["predictor_version"]) == {f"{load_prompt('replenishment').id} amazon.nova-lite-v1:0"}
    assert set(states(output).values()) == {"asked"}
    assert output.frames["dead_letters"].is_empty()
    assert output.frames["analyses"].height == len(states(output)) == output.figures["asked"]
    assert output.figures["way"] == "on demand" and "incomplete" not in output.figures


def test_only_those_asked_about_differ_from_the_statistics(shop: Shop) -> None:
    output = shop.run()
    before, after = statistical(plain()), output.frames["predictions"]
    pair = ["customer_id", "product_id"]
    assert after.select(pair).equals(before.select(pair))
    others = after.filter(predictor="statistical")
    assert others.height and others.equals(before.join(others, on=pair, how="semi", maintain_order="left"))
    chances = ["probability_7d", "probability_14d", "probability_28d", "alive", "expected_quantity", "confidence"]
    assert after.select(chances).equals(before.select(chances))


def test_the_same_again_asks_nothing_and_gives_the_same_bytes(shop: Shop) -> None:
    first = shop.run()
    assert len(shop.asked_now()) == first.figures["questions"]
    second = shop.run()
    assert shop.asked_now() == []
    assert same(first, second)
    assert second.figures == {**first.figures, "found_in_ledger": first.figures["questions"], "way": "ledger"}


@pytest.mark.parametrize("customers_per_request", [1, 3])
@pytest.mark.parametrize("lasts", ["in memory", "on disk"])
def test_a_run_that_was_killed_asks_nothing_twice(lasts: str, customers_per_request: int, tmp_path: Path) -> None:
    """Some answers are bad, too, and some processes die among the repairs."""
    on_disk = SqliteAnswers(tmp_path / "answers.sqlite", now=lambda: REPLIED_AT) if lasts == "on disk" else None
    shop = Shop(on_disk)

    def leave_some_out(question: Question, answer: dict[str, Any]) -> Any:
        answer["customers"] = [one for one in answer["customers"] if one["customer"][0] > "i"]
        return answer

    whole = Shop()
    whole.asker.spoil = shop.asker.spoil = spoiled(leave_some_out, times=1)
    expected = whole.run(customers_per_request=customers_per_request)
    assert {"asked", "repaired"} == set(states(expected).values())
    for dies_after in range(2, len(whole.asker.asked), 3):
        shop.asker.dies_after = dies_after
        with pytest.raises(KeyboardInterrupt):
            shop.run(customers_per_request=customers_per_request)
    shop.asker.dies_after = None
    output = shop.run(customers_per_request=customers_per_request)
    keys = [question.key for question in shop.asker.asked]
    assert len(keys) == len(set(keys)) == len(whole.asker.asked)
    assert same(output, expected)
    if on_disk:
        on_disk.close()


def test_a_bad_answer_is_repaired_once(shop: Shop) -> None:
    shop.asker.spoil = spoiled(lambda question, answer: json.dumps(answer)[:-9], times=1)
    output = shop.run()
    assert set(states(output).values()) == {"repaired"}
    asked = shop.asked_now()
    assert sum(len(question.turns) == 3 for question in asked) == output.figures["repairs"] == len(asked) / 2
    assert "not one complete JSON object" in asked[-1].turns[-1].text
    usage = output.frames["usage"]
    assert (usage["input_tokens"] > 2 * 700).all()
    assert usage["cost"].sum() == pytest.approx(output.figures["dollars"])
    assert same(shop.run(), output) and shop.asked_now() == []


def test_bad_twice_is_a_dead_letter_and_the_statistics_take_its_place(shop: Shop) -> None:
    def absurd(question: Question, answer: dict[str, Any]) -> Any:
        if question.customers[0] == "c0003":
            answer["customers"][0]["consumptionPatterns"][0]["predictedNextPurchaseDate"] = "2019-01-01"
        return answer

    shop.asker.spoil = spoiled(absurd)
    output = shop.run()
    letter = output.frames["dead_letters"].row(0, named=True)
    assert (letter["customer_id"], letter["reason"]) == ("c0003", "no valid answer")
    assert "is 2019-01-01, not within 2024-05-30" in letter["detail"]
    assert output.frames["dead_letters"].height == 1
    marked = output.frames["predictions"].filter("fallback")
    assert set(marked["customer_id"]) == {"c0003"} and set(marked["predictor"]) == {"statistical"}
    assert marked.drop("fallback").equals(
        statistical(plain()).join(marked, on=["customer_id", "product_id"], how="semi").drop("fallback")
    )
    assert output.figures["failed"] == 1 and "incomplete" not in output.figures
    assert "c0003" not in output.frames["analyses"]["customer_id"].to_list()
    shop.asked_now()
    assert same(shop.run(), output) and shop.asked_now() == []


def test_too_many_failures_make_the_result_incomplete(shop: Shop) -> None:
    shop.asker.spoil = spoiled(lambda question, answer: "sorry")
    output = shop.run()
    count = output.figures["questions"]
    assert output.figures["incomplete"] == f"{count} of {count} customers have no valid answer"
    assert set(output.frames["predictions"]["predictor"]) == {"statistical"}


@pytest.mark.parametrize(("reason", "told"), [("budget", "the budget ended before 5 questions"), ("throttled", None)])
def test_what_was_not_answered_is_asked_the_next_time(shop: Shop, reason: str, told: str | None) -> None:
    left = iter(range(100))

    def fail(question: Question, answer: dict[str, Any]) -> Any:
        return Failure(question=question.key, reason=reason, detail="why", temporary=True) if next(left) < 5 else answer

    shop.asker.spoil = spoiled(fail)
    output = shop.run(max_failed=0.9)
    assert output.figures.get("incomplete") == told
    failed = output.frames["dead_letters"]
    assert failed.height == 5 and set(failed["reason"]) == {reason} and set(failed["detail"]) == {"why"}
    assert output.frames["usage"].filter(state="failed")["cost"].to_list() == [0.0] * 5
    shop.asked_now()
    assert set(states(shop.run()).values()) == {"asked"}
    assert len(shop.asked_now()) == 5


@pytest.mark.parametrize("stop_reason", ["guardrail_intervened", "content_filtered"])
def test_a_refusal_is_not_argued_with(shop: Shop, stop_reason: str) -> None:
    shop.asker.spoil = lambda question, answer: reply_to(question, "I cannot.", stop_reason=stop_reason)
    output = shop.run()
    letters = output.frames["dead_letters"]
    assert set(letters["reason"]) == {"the model refused"} and set(letters["detail"]) == {stop_reason}
    assert output.figures["repairs"] == 0 and all(len(question.turns) == 1 for question in shop.asked_now())


def test_an_answer_that_was_cut_off_is_told_so(shop: Shop) -> None:
    def cut(question: Question, answer: dict[str, Any]) -> Any:
        return reply_to(question, json.dumps(answer)[:300], stop_reason="max_tokens")

    shop.asker.spoil = spoiled(cut, times=1)
    assert set(states(shop.run()).values()) == {"repaired"}
    assert "the answer was cut off after 100 tokens" in shop.asked_now()[-1].turns[-1].text


def test_consent_and_history_decide_who_is_asked_about(shop: Shop) -> None:
    profiles = frame(
        "customers",
        {"customer_id": "c0001", "consent_ai_analysis": False},
        {"customer_id": "c0002", "consent_ai_analysis": True},
        {"customer_id": "c0003", "consent_ai_analysis": None},
    )
    given = frames(pl.concat([HISTORY, purchases(("zoe", "milk", str(AS_OF - timedelta(days=3))))]), customers=profiles)
    output = shop.run(given)
    assert "c0001" not in states(output) and "c0002" in states(output)
    assert (output.figures["skipped_no_consent"], output.figures["skipped_too_little_history"]) >= (1, 1)
    rows = output.frames["predictions"].filter(pl.col("customer_id").is_in(["c0001", "zoe"]))
    assert set(rows["predictor"]) == {"statistical"} and not rows["fallback"].any()
    assert set(states(Shop().run(given, consent=False))) == {"c0002"}


def later(days: int, *more: tuple[str, str, int]) -> dict[str, Any]:
    """The frames some days later, when nothing was bought since but these (customer, product, days after)."""
    lines = HISTORY.filter(pl.col("purchase_day") < AS_OF)
    extra = purchases(*((who, what, str(AS_OF + timedelta(days=after))) for who, what, after in more))
    extra = extra.with_columns(purchase_id=pl.lit("more-") + pl.col("purchase_id"))
    return frames(pl.concat([lines, extra]), as_of=AS_OF + timedelta(days=days))


def test_an_unchanged_history_is_not_asked_about_again_and_a_changed_one_is(shop: Shop) -> None:
    first = shop.run()
    shop.asked_now()
    regular = first.frames["predictions"].filter(predictor="bedrock", customer_id="c0003")["product_id"][0]
    output = shop.run(later(3, ("c0003", regular, 1), ("c0004", "a first time", 2)))
    assert [question.customers for question in shop.asked_now()] == [("c0003",)]
    kept = {customer for customer, state in states(output).items() if state == "reused"}
    assert kept == set(states(output)) - {"c0003"} and len(kept) > 15
    usage = output.frames["usage"].filter(state="reused")
    assert usage["cost"].sum() == 0 and set(usage["way"]) == {"none"}
    assert set(usage["question"]) <= set(first.frames["usage"]["question"])
    asked_days = dict(output.frames["analyses"].select("customer_id", "asked_day").iter_rows())
    assert asked_days.pop("c0003") == AS_OF + timedelta(days=3) and set(asked_days.values()) == {AS_OF}


def test_answers_whose_day_has_passed_give_way_to_the_statistics(shop: Shop) -> None:
    shop.run()
    given = later(6)
    told = shop.run(given).frames["predictions"].filter(predictor="bedrock")
    assert told.height and (told["predicted_date"] >= given["as_of"]).all()
    assert told.height < shop.run().frames["predictions"].filter(predictor="bedrock").height


def test_an_answer_that_is_too_old_is_asked_for_again(shop: Shop) -> None:
    shop.run()
    shop.asked_now()
    assert set(states(shop.run(later(5), max_age_days=5)).values()) == {"reused"}
    assert shop.asked_now() == []
    again = shop.run(later(5), max_age_days=4)
    assert set(states(again).values()) == {"asked"} and len(shop.asked_now()) == again.figures["questions"]


def test_invalid_answers_of_earlier_days_are_not_used_again(shop: Shop) -> None:
    shop.asker.spoil = spoiled(lambda question, answer: "sorry")
    shop.run()
    shop.asker.spoil = spoiled(lambda question, answer: answer)
    assert set(states(shop.run(later(1))).values()) == {"asked"}


def test_answers_of_the_day_to_other_questions_are_used(shop: Shop) -> None:
    shop.run()
    shop.asked_now()
    output = shop.run(customers_per_request=4)
    assert shop.asked_now() == [] and set(states(output).values()) == {"reused"}


def test_another_secret_another_prompt_or_model_is_another_question(shop: Shop) -> None:
    count = shop.run().figures["questions"]
    for changed in ({"pseudonym_secret": SecretStr("another secret, as long")}, {"model": "other"}):
        shop.asked_now()
        assert shop.run(**changed).figures["questions"] == count == len(shop.asked_now())  # type: ignore[arg-type]


def test_several_customers_a_question_share_its_cost_and_only_the_bad_ones_are_asked_about_again(shop: Shop) -> None:
    def spoil(question: Question, answer: dict[str, Any]) -> Any:
        if question.customers[-1] == "c0003":
            answer["customers"][-1]["dataQuality"] = "superb"
        return answer

    shop.asker.spoil = spoiled(spoil, times=1)
    output = shop.run(customers_per_request=4)
    asked = shop.asked_now()
    assert [question.customers for question in asked if len(question.turns) > 1] == [("c0003",)]
    assert {customer for customer, state in states(output).items() if state == "repaired"} == {"c0003"}
    usage = output.frames["usage"]
    shares = usage.filter(pl.col("customer_id").is_in(["c0000", "c0001", "c0002"]))
    assert shares["cost"].n_unique() == 1 and shares["question"].n_unique() == 1
    assert usage["cost"].sum() == pytest.approx(output.figures["dollars"])
    assert usage["input_tokens"].sum() == pytest.approx(output.figures["input_tokens"])


def test_left_out_products_keep_the_statistics(shop: Shop) -> None:
    def shorten(question: Question, answer: dict[str, Any]) -> Any:
        for one in answer["customers"]:
            one["consumptionPatterns"] = one["consumptionPatterns"][:1]
        return answer

    shop.asker.spoil = spoiled(shorten)
    output = shop.run()
    told = output.frames["predictions"].filter(predictor="bedrock")
    assert told["customer_id"].is_unique().all() and not output.frames["predictions"]["fallback"].any()


def test_the_confidence_is_learnt_from_what_came_true(shop: Shop) -> None:
    for days in range(0, 40, 4):
        shop.run(frames(as_of=AS_OF - timedelta(days=40 - days)), max_age_days=0)
    output = shop.run()
    assert int(output.figures["calibrated_on"]) >= 100
    told = output.frames["predictions"].filter(predictor="bedrock")
    before = statistical(plain()).join(told, on=["customer_id", "product_id"], how="semi")
    assert (told["confidence"] != before["confidence"]).mean() > 0.9  # type: ignore[operator]
    assert same(output, shop.run())


# --- batch jobs


class Clock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


JOB = BatchSettings(min_records=5, poll_seconds=60, wait_seconds=300)


def test_a_batch_job_answers_and_what_it_leaves_out_is_asked_on_demand(shop: Shop) -> None:
    clock, jobs = Clock(), MemoryBatches(shop.ledger, states=["Submitted", "InProgress", "Completed"], leaves_out=4)
    output = shop.run(name="bedrock-batch", jobs=jobs, batch=JOB, sleep=clock)
    count = int(output.figures["questions"])
    assert clock.slept == [60, 60]
    assert len(shop.asked_now()) == count // 4
    assert output.figures["way"] == f"batch: {count} questions, {count // 4} of them again on demand"
    assert dict(output.frames["usage"]["way"].value_counts().iter_rows()) == {
        "batch": count - count // 4,
        "on_demand": count // 4,
    }
    assert set(states(output).values()) == {"asked"}


def test_a_job_that_runs_longer_is_collected_by_a_later_run(shop: Shop) -> None:
    clock, jobs = Clock(), MemoryBatches(shop.ledger, states=["InProgress"])
    for waits in (300, 0):
        with pytest.raises(UnavailableError) as error:
            wait = JOB.model_copy(update={"wait_seconds": waits})
            shop.run(name="bedrock-batch", jobs=jobs, batch=wait, sleep=clock)
    assert "still running" in error.value.message and "omnix predict collect" in str(error.value.hint)
    assert clock.slept == [60] * 5
    jobs.states = ["PartiallyCompleted"]
    assert set(states(shop.run(later(1), name="auto", jobs=jobs, batch=JOB)).values()) == {"reused"}
    assert len(jobs.known) == 1 and shop.asked_now() == []


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Expired"])
def test_a_job_that_failed_is_collected_as_far_as_it_goes(shop: Shop, status: str) -> None:
    jobs = MemoryBatches(shop.ledger, states=[status], leaves_out=1)
    output = shop.run(name="auto", jobs=jobs, batch=JOB)
    assert set(output.frames["usage"]["way"]) == {"on_demand"}
    assert len(shop.asked_now()) == output.figures["questions"]


def test_auto_takes_a_job_only_where_there_is_enough_for_one(shop: Shop) -> None:
    jobs = MemoryBatches(shop.ledger)
    few = JOB.model_copy(update={"min_records": 100})
    assert shop.run(name="auto", jobs=jobs, batch=few).figures["way"] == (
        "on demand: fewer than the 100 questions of a job"
    )
    assert Shop().run(name="auto", batch=JOB).figures["way"] == "on demand: no batch jobs are set up"
    assert not jobs.known


def test_batch_jobs_that_are_not_set_up_are_a_mistake_of_the_configuration(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="need a place and a role"):
        shop.predictor(name="bedrock-batch")


# --- what leaves


def test_no_customer_s_id_leaves_in_any_byte(shop: Shop) -> None:
    """Ids that would be seen anywhere, also in a repair; and the pseudonyms are there in their place."""
    lines = HISTORY.with_columns(customer_id=pl.lit("Käufer/") + pl.col("customer_id") + pl.lit("@@shop"))
    shop.asker.spoil = spoiled(lambda question, answer: "sorry", times=1)
    output = shop.run(frames(lines))
    assert set(states(output).values()) == {"repaired"}
    sent = "".join(question.system + "".join(turn.text for turn in question.turns) for question in shop.asked_now())
    ids = set(lines["customer_id"])
    assert ids and not any(id in sent for id in ids)
    assert not re.search(r"Käufer|c\d{4}|shop\b.*@|@", sent.replace("for a shop", ""))
    assert len(set(re.findall(r"^customer ([a-z2-7]{10})$", sent, re.MULTILINE))) == len(states(output))


def test_plain_numbers_of_customers_stand_nowhere_but_where_they_mean_something_else(shop: Shop) -> None:
    numbers = {id: str(7_000_000 + 7 * place) for place, id in enumerate(sorted(set(HISTORY["customer_id"])))}
    shop.run(frames(HISTORY.with_columns(pl.col("customer_id").replace_strict(numbers)).sort("customer_id")))
    sent = "".join(turn.text for question in shop.asked_now() for turn in question.turns)
    assert len(sent) > 5_000 and not any(number in sent for number in numbers.values())


def test_personal_data_in_a_product_name_gives_way_to_the_category(shop: Shop) -> None:
    products = PRODUCTS.with_columns(
        name=pl.col("product_id").replace(
            {"milk": "Milk for jane@example.com", "tea": "Tea, call +49 30 901820", "soap": "Soap of c0003"}
        )
    )
    output = shop.run(frames(products=products))
    sent = "".join(turn.text for question in shop.asked_now() for turn in question.turns)
    assert output.figures["scrubbed_names"] == 3
    assert "milk|fresh|fresh|" in sent and "tea|product|-|" in sent and "soap|household|household|" in sent
    assert "jane" not in sent and "901820" not in sent and "c0003" not in sent
    assert output.figures["failed"] == 0


@pytest.mark.parametrize("customers_per_request", [1, 4])
def test_what_is_found_in_a_finished_prompt_is_never_sent(shop: Shop, customers_per_request: int) -> None:
    day = HISTORY.filter(pl.col("purchase_day") < AS_OF, customer_id="c0002")["purchase_day"].min()
    settings = {"forbidden_patterns": (f"from {day} to",), "customers_per_request": customers_per_request}
    output = shop.run(**settings)
    letters = output.frames["dead_letters"].select("customer_id", "reason", "detail").rows()
    assert ("c0002", "personal data in the prompt", "a forbidden pattern") in letters
    assert not any(f"from {day} to" in question.turns[0].text for question in shop.asked_now())
    assert output.frames["predictions"].filter(customer_id="c0002")["fallback"].any()
    with pytest.raises(DataError, match="a forbidden pattern in the prompt"):
        shop.predictor(**settings).show("c0002", **plain())


# --- without asking


def test_questions_and_show_tell_what_would_be_sent_and_ask_nothing(shop: Shop) -> None:
    predictor = shop.predictor(customers_per_request=2)
    inquiry = predictor.questions(**plain())
    text = predictor.show("c0002", **plain())
    assert shop.asked_now() == []
    assert len(inquiry.missing) == len(inquiry.questions)
    shop.run(customers_per_request=2)
    asked = {question.key: question for question in shop.asked_now()}
    assert set(asked) == {question.key for question in inquiry.missing}
    (question,) = [question for question in asked.values() if "c0002" in question.customers]
    assert text == f"[system]\n{question.system}\n\n[user]\n{question.turns[0].text}\n"
    assert predictor.questions(**plain()).missing == []
    assert "[user]" in predictor.show("c0002", **later(1))


def test_show_says_why_nothing_would_be_sent(shop: Shop) -> None:
    with pytest.raises(DataError, match="no consent"):
        shop.predictor(consent=False).show("c0002", **plain())
    with pytest.raises(DataError, match="nobody of that id bought anything"):
        shop.predictor().show("nobody", **plain())


def test_parameters_hold_what_changes_the_result_and_never_the_secret(shop: Shop) -> None:
    told = json.dumps(shop.predictor().parameters())
    assert json.dumps(shop.predictor().parameters()) == told
    assert SECRET.get_secret_value() not in told
    changes: Sequence[dict[str, Any]] = (
        {"pseudonym_secret": SecretStr("another secret, as long")},
        {"model": "other"},
        {"min_purchase_days": 5},
        {"budget": "3.50"},
        {"currency": "EUR"},
        {"consent": False},
    )
    assert len({told, *(json.dumps(shop.predictor(**change).parameters()) for change in changes)}) == len(changes) + 1
    assert json.dumps(shop.predictor(connections=3, batch=JOB).parameters()) == told


def test_the_prompts_of_ten_thousand_customers_are_built_in_seconds(shop: Shop) -> None:
    """Cloned from the few, as what is measured is the making of prompts; CPU seconds, as the machine may be busy."""
    copies = 10_000 // HISTORY["customer_id"].n_unique() + 1
    clones = pl.Series("clone", [f"-{number}" for number in range(copies)])
    few = plain()
    cloned = few["cycles"].join(clones.to_frame().lazy(), how="cross")
    many = few | {"cycles": cloned.with_columns(customer_id=pl.col("customer_id") + pl.col("clone")).drop("clone")}
    predictor = shop.predictor()
    began = time.process_time()
    inquiry = predictor.questions(**many)
    assert len(inquiry.missing) > 8_000
    assert time.process_time() - began < 20


def test_the_forecast_of_the_double_rests_on_the_numbers_of_the_prompt(shop: Shop) -> None:
    """What the other tests rely on: the model behind them reads the table."""
    question = shop.predictor().questions(**plain()).questions[0]
    told = forecast(question)["customers"][0]["consumptionPatterns"]
    rows = [line.split("|") for line in question.turns[0].text.splitlines() if line.count("|") == 10][1:]
    assert [one["productId"] for one in told] == [row[0] for row in rows]
    for one, row in zip(told, rows, strict=True):
        gaps = [int(gap) for gap in row[5].split(",")]
        assert one["averageDaysBetweenPurchases"] == pytest.approx(sum(gaps) / len(gaps), abs=0.06)
