from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.money import (
    Budget,
    Prices,
    dearest,
    estimated_tokens,
    load_prices,
    question_text,
)
from omnix_cli.records import TokenUsage
from tests.questions import question

NOVA_LITE = Prices(
    input=Decimal("0.06"), output=Decimal("0.24"), cache_read=Decimal("0.015"), cache_write=Decimal("0.06")
)


@pytest.mark.parametrize(
    "model",
    [
        "amazon.nova-lite-v1:0",
        "us.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
    ],
)
def test_the_price_of_a_model_and_of_its_profiles(model: str) -> None:
    assert load_prices().of(model) == NOVA_LITE


def test_a_profile_may_have_a_price_of_its_own() -> None:
    prices = load_prices()
    assert prices.of("eu.amazon.nova-lite-v1:0").input == Decimal("0.078")
    assert prices.of("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0").input == Decimal("0.078")


def test_a_price_that_is_not_known_names_the_line_to_add() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
    with pytest.raises(ConfigError, match=r"price of arn:.*abc123 is unknown") as raised:
        load_prices().of(arn)
    assert raised.value.hint
    assert "prices/bedrock.toml" in raised.value.hint
    assert f'"{arn}" = {{ input = ' in raised.value.hint


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(
        'source = "our contract"\nnoted = 2026-01-02\n[models]\n'
        '"own.model" = { input = 1, output = 2.5, cache_read = 0.1, cache_write = 1.25 }\n'
    )
    table = load_prices(str(file))
    usage = TokenUsage(input=1_000_000, output=200_000, cache_read=30_000, cache_write=4_000)
    assert table.of("own.model").cost(usage) == Decimal("1.508")
    assert table.note == "prices of 2026-01-02 from our contract; check yours"
    with pytest.raises(ConfigError, match="service tier flex") as raised:
        table.of("own.model", tier="flex")
    assert "flex = ..." in str(raised.value.hint)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("noted = ", "cannot be read"),
        ('source = "x"\nnoted = 2026-01-02\n[models]\n"m" = { input = -1, output = 1 }', r"models\.m\.input"),
        ('source = "x"\nnoted = 2026-01-02\nextra = 1\n[models]', "extra"),
    ],
)
def test_a_price_table_that_cannot_be_used_is_an_error(tmp_path: Path, content: str, what: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=what):
        load_prices(str(file))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_prices(str(tmp_path / "absent.toml"))


def test_shares_of_the_price() -> None:
    usage = TokenUsage(input=1000, output=1000)
    assert NOVA_LITE.at(Decimal("0.5")).cost(usage) == Decimal("0.00015")
    assert load_prices().of("amazon.nova-lite-v1:0", tier="priority").cost(usage) == Decimal("0.000525")


def test_the_dearest_answer_bounds_what_any_tokenizer_makes_of_it() -> None:
    asked = question("ann", products=20)
    bound = dearest(asked, NOVA_LITE, schema_bytes=500)
    a_token_a_byte = TokenUsage(
        input=len(question_text(asked).encode()) + 500, output=asked.max_output_tokens, cache_read=0, cache_write=0
    )
    assert bound > NOVA_LITE.cost(a_token_a_byte)
    assert bound < 3 * NOVA_LITE.cost(a_token_a_byte)


def test_tokens_are_estimated_by_letters_digits_and_signs() -> None:
    # cl100k makes 1, 1, 6 and 17 tokens of these.
    assert estimated_tokens("milk") == 1
    assert estimated_tokens("Milk is") == 2
    assert estimated_tokens("2018-01-15") == 6
    assert estimated_tokens("995242|FLUID MILK|DAIRY|12|2018-01-13") in range(15, 20)
    assert estimated_tokens("") == 0


def test_a_budget_is_never_passed_whatever_is_under_way() -> None:
    budget = Budget(Decimal("1.00"))
    paid: list[Decimal] = []
    seen: list[Decimal] = []

    def work(part: int) -> None:
        for number in range(100):
            if not budget.reserve(Decimal("0.05")):
                return
            spending = budget.spending
            seen.append(spending.spent + spending.lost + spending.reserved)
            cost = Decimal("0.05") if number % 2 else Decimal("0.013")
            paid.append(cost)
            is_lost = number % 7 == 0
            budget.settle(Decimal("0.05"), cost=Decimal(0) if is_lost else cost, lost=cost if is_lost else Decimal(0))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(seen) <= 1
    assert Decimal("0.95") < sum(paid) <= 1
    assert budget.spending.reserved == 0
    assert budget.spending.spent + budget.spending.lost == sum(paid)


def test_a_waiting_thread_gets_the_dollars_that_come_back() -> None:
    budget = Budget(Decimal(1))
    assert budget.reserve(Decimal("0.9"))
    got: list[bool] = []
    waiting = threading.Thread(target=lambda: got.append(budget.reserve(Decimal("0.5"))))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive(), "it may still fit"
    budget.settle(Decimal("0.9"), cost=Decimal("0.2"))
    waiting.join(5)
    assert got == [True]
    budget.settle(Decimal("0.5"), cost=Decimal("0.5"))
    assert not budget.reserve(Decimal("0.4"))
    assert budget.reserve(Decimal("0.3"))


def test_without_a_limit_everything_fits() -> None:
    budget = Budget()
    assert budget.reserve(Decimal(10**9))
    budget.settle(Decimal(10**9), cost=Decimal("0.1"))
    assert budget.spending.spent == Decimal("0.1")


def test_a_profile_without_a_price_counts_at_the_dearest_known_one_and_says_so() -> None:
    prices = load_prices()
    dearest_known = prices.of("eu.amazon.nova-lite-v1:0")
    for profile in (
        "sa.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:sa-east-1:1:inference-profile/sa.amazon.nova-lite-v1:0",
    ):
        assert prices.of(profile) == dearest_known
        assert "is not listed" in prices.doubt(profile) and "amazon.nova-lite-v1:0" in prices.doubt(profile)
    for listed in ("amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"):
        assert prices.doubt(listed) == ""


def test_latency_and_tier_change_the_price_by_their_shares() -> None:
    prices, model = load_prices(), "amazon.nova-pro-v1:0"
    assert prices.of(model, latency="standard", tier="default") == prices.of(model)
    assert prices.of(model, latency="optimized").input == Decimal("1.0")
    assert prices.of(model, latency="optimized", tier="priority").output == Decimal("7.0")
    with pytest.raises(ConfigError, match="price of the latency instant is unknown"):
        prices.of(model, latency="instant")


def test_what_open_jobs_can_cost_is_not_there_for_others_until_they_are_collected() -> None:
    budget = Budget(Decimal(10))
    budget.commit("job-1", Decimal(6))
    budget.commit("job-1", Decimal(6))
    assert budget.spending.room == 4 and not budget.reserve(Decimal(5))
    assert budget.reserve(Decimal(4))
    budget.settle(Decimal(4), cost=Decimal(1))
    budget.collect("job-1", cost=Decimal(2), lost=Decimal(1))
    assert (budget.spending.spent, budget.spending.lost, budget.spending.room) == (3, 1, 6)
    budget.commit("job-2", Decimal(60))
    assert not budget.reserve(Decimal("0.01"))
    assert Budget().spending.room is None and Budget().reserve(Decimal(10**9))
