"""How much of a quota is used when a model on Bedrock is asked, what a question takes of the processor, and how many
replies a second reach the disk.

    python -m tests.benchmarks.bench_asking [SECONDS] [--questions 600]        (default: 15 seconds a quota)

The double of Bedrock runs in a process of its own. A quota lets one save up a second's worth, which is taken off what
was used; the ledger keeps replies of 3 kB, each on disk before the next one of its thread.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from omnix_cli.predictors.bedrock.answers.checking import ANSWER_SCHEMA
from omnix_cli.predictors.bedrock.asking.client import connect
from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder
from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.records import Question, Reply
from omnix_cli.settings import BedrockSettings
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from tests.aws.accounts import ENVIRONMENT
from tests.questions import questions, reply

QUOTAS = ((600, 0.0), (600, 1.0), (1200, 0.0), (1200, 0.3))


@contextmanager
def double(*arguments: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.aws.bedrock", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.kill()


@contextmanager
def ledger() -> Iterator[SqliteAnswers]:
    with (
        tempfile.TemporaryDirectory() as folder,
        SqliteAnswers(Path(folder) / "answers.sqlite", now=lambda: datetime.now(UTC)) as answers,
    ):
        yield answers


def ask(url: str, asked: Sequence[Question]) -> list[Reply]:
    settings = BedrockSettings(endpoint_url=url, region="us-east-1")
    with ledger() as answers:
        recorder = ReplyRecorder(answers, load_prices(), settings, lambda: datetime.now(UTC))
        asker = ConverseAsker(connect(settings), recorder, schema=ANSWER_SCHEMA)
        return [outcome for _, outcome in asker.ask(asked) if isinstance(outcome, Reply)]


def quota_used(per_minute: int, latency: float, seconds: int) -> str:
    count = per_minute // 60 * seconds
    with double("--requests-per-minute", str(per_minute), "--latency", str(latency)) as url:
        times = sorted(answer.replied_at for answer in ask(url, questions(count)))
    used = (len(times) - 1 - per_minute / 60) / (times[-1] - times[0]).total_seconds() * 60
    return f"{used:6.0f} of {per_minute} a minute used ({used / per_minute:.0%}), {count - len(times)} of {count} lost"


def processor_time(count: int) -> float:
    """Milliseconds a question."""
    asked = questions(count, products=12)
    with double() as url:
        before = time.process_time()
        assert len(ask(url, asked)) == count
        return (time.process_time() - before) * 1000 / count


def replies_kept(count: int, threads: int) -> float:
    """A second."""
    kept = [(reply(one), one) for one in questions(count)]

    def work(answers: SqliteAnswers, part: int) -> None:
        for one in kept[part::threads]:
            answers.keep(*one)

    with ledger() as answers:
        workers = [threading.Thread(target=work, args=(answers, part)) for part in range(threads)]
        before = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return count / (time.perf_counter() - before)


def main() -> int:
    os.environ.update(ENVIRONMENT)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=int, nargs="?", default=15)
    parser.add_argument("--questions", type=int, default=600, help="for the processor time and the replies kept")
    options = parser.parse_args()
    for per_minute, latency in QUOTAS:
        print(f"answers after {latency:.1f} s: {quota_used(per_minute, latency, options.seconds)}", flush=True)
    print(f"{processor_time(options.questions):.2f} ms of the processor a question, without limits", flush=True)
    for threads in (1, 16):
        print(
            f"{replies_kept(5 * options.questions // 2, threads):6.0f} replies a second kept by {threads} threads",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
