"""Whom a model is asked about, and what is sent."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import polars as pl
import pytest
from pydantic import SecretStr

from omnix_cli.errors import DataError
from tests.conftest import purchases
from tests.unit.predictors.bedrock.shops import (
    AS_OF,
    HISTORY,
    ModelShop,
    frames,
    later,
    plain,
    spoiled,
    states,
)
from tests.unit.steps.frames import frame


@pytest.fixture
def shop() -> ModelShop:
    return ModelShop()


def test_consent_and_history_decide_who_is_asked_about(shop: ModelShop) -> None:
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
    assert set(states(ModelShop().run(given, consent=False))) == {"c0002"}


def test_another_secret_another_prompt_or_model_is_another_question(shop: ModelShop) -> None:
    count = shop.run().figures["questions"]
    for changed in ({"pseudonym_secret": SecretStr("another secret, as long")}, {"model": "other"}):
        shop.asked_now()
        assert shop.run(**changed).figures["questions"] == count == len(shop.asked_now())  # type: ignore[arg-type]


def test_no_customer_s_id_leaves_in_any_byte(shop: ModelShop) -> None:
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


def test_numeric_customer_ids_are_not_sent(shop: ModelShop) -> None:
    numbers = {id: str(7_000_000 + 7 * place) for place, id in enumerate(sorted(set(HISTORY["customer_id"])))}
    shop.run(frames(HISTORY.with_columns(pl.col("customer_id").replace_strict(numbers)).sort("customer_id")))
    sent = "".join(turn.text for question in shop.asked_now() for turn in question.turns)
    assert len(sent) > 5_000 and not any(number in sent for number in numbers.values())


@pytest.mark.parametrize("customers_per_request", [1, 4])
def test_what_is_found_in_a_finished_prompt_is_never_sent(shop: ModelShop, customers_per_request: int) -> None:
    day = HISTORY.filter(pl.col("purchase_day") < AS_OF, customer_id="c0002")["purchase_day"].min()
    settings = {"forbidden_patterns": (f"from {day} to",), "customers_per_request": customers_per_request}
    output = shop.run(**settings)
    letters = output.frames["dead_letters"].select("customer_id", "reason", "detail").rows()
    assert ("c0002", "personal data in the prompt", "a forbidden pattern") in letters
    assert not any(f"from {day} to" in question.turns[0].text for question in shop.asked_now())
    assert output.frames["predictions"].filter(customer_id="c0002")["fallback"].any()
    with pytest.raises(DataError, match="a forbidden pattern in the prompt"):
        shop.predictor(**settings).show("c0002", **plain())


def test_questions_and_show_return_what_would_be_sent_and_ask_nothing(shop: ModelShop) -> None:
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


def test_show_says_why_nothing_would_be_sent(shop: ModelShop) -> None:
    with pytest.raises(DataError, match="no consent"):
        shop.predictor(consent=False).show("c0002", **plain())
    with pytest.raises(DataError, match="there is no customer with this id"):
        shop.predictor().show("nobody", **plain())


def test_the_prompts_of_ten_thousand_customers_are_built_in_seconds(shop: ModelShop) -> None:
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
