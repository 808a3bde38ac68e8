"""A service that goes down, an interrupt, and a kill in the middle: nothing is paid for twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from omnix_cli.errors import Interrupted, UnavailableError
from omnix_cli.records import Question, Reply
from tests.aws.bedrock import BedrockDouble, Behaviour, Fault
from tests.integration.bedrock_runs import Run, replies
from tests.questions import question, questions

pytestmark = pytest.mark.usefixtures("aws_environment")
ROOT = Path(__file__).parents[2]
ASK = """
import sys
from pathlib import Path
from tests.integration.bedrock_runs import Run
run = Run(sys.argv[1], Path(sys.argv[2]))
wanted = run.missing(int(sys.argv[3]))
for _ in run.ask(wanted):
    print("answered", flush=True)
"""


def test_a_service_that_goes_down_ends_the_run_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    asked = questions(300)
    with BedrockDouble() as double:
        run = Run(double.url, tmp_path, {"attempts": 3})
        answered = 0
        with pytest.raises(UnavailableError, match="did not answer the last 10 questions") as raised:
            for _, outcome in run.ask(asked):
                answered += isinstance(outcome, Reply)
                if answered == 50:
                    double.inject(Fault("server_error"))
        assert raised.value.exit_code == 4
        assert 50 <= answered <= len(run.kept(asked)) < 150
        double.heal()
        left = run.missing(300)
        assert len(replies(run.all(left))) == len(left)
        assert double.billed.paid_twice == 0
    assert len(run.kept(asked)) == 300


def test_questions_are_made_a_few_ahead_only(tmp_path: Path) -> None:
    made: list[int] = []

    def endless() -> Iterator[Question]:
        while True:
            made.append(len(made))
            yield question(f"customer-{len(made)}")

    with BedrockDouble() as double:
        run = Run(double.url, tmp_path, {"connections": 2})
        outcomes = run.ask(endless())
        for _ in range(20):
            next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
    assert len(made) <= 20 + 8
    assert threading.active_count() < 30


def test_an_interrupt_ends_at_once_and_keeps_what_was_answered(tmp_path: Path) -> None:
    asked = questions(200)

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted("stopped")

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with BedrockDouble(Behaviour(latency_seconds=0.2)) as double:
            run = Run(double.url, tmp_path, {"connections": 8})
            answered = 0
            with pytest.raises(Interrupted):
                for _ in run.ask(asked):
                    answered += 1
                    if answered == 8:
                        began = time.monotonic()
                        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
            assert time.monotonic() - began < 4
            assert len(run.kept(asked)) == double.billed.answers["on_demand"], "those under way were waited for"
            assert 8 <= len(run.kept(asked)) < 100
    finally:
        signal.signal(signal.SIGTERM, before)


def double_process() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.aws.bedrock", "--latency", "0.02"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def billed(url: str) -> dict[str, Any]:
    with urlopen(Request(f"{url}/_double/counts", data=b"")) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


@pytest.mark.parametrize("after", [1, 60])
def test_a_kill_costs_at_most_what_was_under_way(tmp_path: Path, after: int) -> None:
    count, connections = 150, 16
    with double_process() as double:
        assert double.stdout
        url = double.stdout.readline().strip()
        command = [sys.executable, "-c", ASK, url, str(tmp_path), str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as asking:
            assert asking.stdout
            for _ in range(after):
                assert asking.stdout.readline() == "answered\n"
            asking.kill()
        time.sleep(0.2)  # the double ends what it has begun
        paid, run = billed(url)["answers"]["on_demand"], Run(url, tmp_path)
        left = run.missing(count)
        assert after <= count - len(left)
        assert paid - (count - len(left)) <= connections
        assert len(replies(run.all(left))) == len(left)
        told = billed(url)
        double.kill()
    assert run.missing(count) == []
    assert told["paidTwice"] <= connections
    assert told["answers"]["on_demand"] == count + told["paidTwice"]


def test_a_service_that_cannot_be_reached(tmp_path: Path) -> None:
    with BedrockDouble() as double:
        url = double.url
    with pytest.raises(UnavailableError, match="Could not connect"):
        Run(url, tmp_path, {"attempts": 2}).all(questions(40))


def test_an_error_of_ours_is_raised_where_the_questions_come_from(tmp_path: Path) -> None:
    with BedrockDouble() as double:
        run = Run(double.url, tmp_path)
        with run.ledger() as ledger:
            asker = run.asker(ledger)
            broken: Callable[..., None] = lambda reply, question: 1 / 0  # noqa: E731
            ledger.keep = broken  # type: ignore[method-assign]
            with pytest.raises(ZeroDivisionError):
                list(asker.ask(questions(3)))
