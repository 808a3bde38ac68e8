"""Asks two doubles of Bedrock that answer in every odd but valid form, on demand and in batch jobs, and compares books.

    python -m tests.soaks.odd_answers [--every N] [--mixtures 20] [--seed 0]

Each case is a run of `predict` in a workspace of its own, with all answers in one form or, in a mixture, each in
another, under a budget. Then:

- What can be read is not asked again: the double was paid once for each question, and a second run asks nothing.
- The dollars in the double's book are those in `usage`, or at most `may_have_been_billed` more. For answers that do not
  say what they used, `usage` has the most they can cost instead.
- Neither book exceeds the budget.
- Where the output of a job cannot be read, the run ends with 4 and asks nothing again, until the output is there.

Ends with 1 when one of these does not hold, and names the case.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import boto3

from omnix_cli import open_workspace
from omnix_cli.errors import OmnixError
from tests.aws.accounts import ENVIRONMENT, LEFT_OUT
from tests.aws.bedrock import BedrockDouble, Behaviour
from tests.aws.bedrock.oddities import ANSWERS, OUTPUTS, RECORDS, Oddity
from tests.aws.buckets import moto_server
from tests.aws.plain_bedrock import PlainBedrock
from tests.cli.conftest import write_shop

BUCKET = "odd-answers"
BUDGET = Decimal(1)
TIGHT = Decimal("0.009")
"""Less than the dearest batch of the shop, more than what its answers cost."""
_EQUAL = Decimal("1e-12")
Way = Literal["bedrock", "bedrock-batch"]
DoubleKind = Literal["first", "second"]


@dataclass(frozen=True)
class Case:
    """One run: which double, how it is asked, and how it answers."""

    double: DoubleKind
    way: Way
    oddity: Oddity
    budget: Decimal = BUDGET

    def __str__(self) -> str:
        return f"{self.double} double, {self.way}, {self.oddity.name}, budget {self.budget}"


def cases(mixtures: int, seed: int) -> list[Case]:
    """Every form on both doubles, on demand and in a batch; then mixtures of them."""
    found: list[Case] = []
    for double in ("first", "second"):
        found += [Case(double, "bedrock", oddity) for oddity in ANSWERS]
        found += [Case(double, "bedrock-batch", oddity) for oddity in (*ANSWERS, *RECORDS, *OUTPUTS)]
        for number in range(mixtures):
            for way in ("bedrock", "bedrock-batch"):
                budget = TIGHT if number % 2 else BUDGET
                found.append(Case(double, way, mixture(seed + number), budget))
    return found


def mixture(seed: int) -> Oddity:
    """Each answer, each record and each output in a form by chance; which one depends on its content alone."""

    def chosen(known: Sequence[Oddity], content: Any) -> Oddity:
        digest = hashlib.sha256(f"{seed}{content}".encode(errors="replace")).hexdigest()
        return random.Random(digest).choice(known)

    readable = [output for output in OUTPUTS if output.outcome == "read"]
    return Oddity(
        f"mixture {seed}",
        "lost",
        answer=lambda answer: chosen(ANSWERS, answer).answer(answer),
        record=lambda record: chosen([ANSWERS[0], *RECORDS], record.get("recordId")).record(record),
        files=lambda files: chosen(readable, sorted(files)).files(files),
        unpriced=True,
    )


class Books:
    """A double of either kind, with the dollars that it wants to be paid."""

    def __init__(self, double: BedrockDouble | PlainBedrock) -> None:
        self.double = double

    def answer(self, oddity: Oddity) -> None:
        if isinstance(self.double, PlainBedrock):
            self.double.oddity = oddity
        else:
            self.double.behaviour = replace(self.double.behaviour, oddity=oddity)

    @property
    def dollars(self) -> Decimal:
        if isinstance(self.double, PlainBedrock):
            return self.double.dollars
        prices = {"inputTokens": "0.06", "outputTokens": "0.24", "cacheReadInputTokens": "0.015"}
        prices["cacheWriteInputTokens"] = "0.06"
        billed = self.double.billed
        tokens = {name: billed.tokens[name] - Decimal(billed.batch_tokens[name]) / 2 for name in prices}
        return sum((tokens[name] * Decimal(price) for name, price in prices.items()), Decimal(0)) / 1_000_000

    @property
    def answers(self) -> int:
        double = self.double
        return double.asked.total() if isinstance(double, PlainBedrock) else double.billed.questions.total()

    @property
    def paid_twice(self) -> int:
        return self.double.paid_twice if isinstance(self.double, PlainBedrock) else self.double.billed.paid_twice


class Shop:
    """A small shop whose purchases are imported, to be copied for each case; and an S3."""

    def __init__(self, folder: Path, s3: str) -> None:
        self.folder, self.s3 = folder, s3
        self.objects = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
        self.objects.create_bucket(Bucket=BUCKET)
        write_shop(folder)
        workspace = open_workspace(folder / "template")
        for kind in ("products", "purchases"):
            workspace.imports.files(kind, [str(folder / f"{kind}.csv")])
        workspace.predict()

    def failures(self, case: Case) -> list[str]:
        """What does not hold in a case."""
        place = self.folder / uuid4().hex
        shutil.copytree(self.folder / "template", place)
        try:
            with self._double(case.double) as books:
                return list(self._check(case, books, place))
        finally:
            shutil.rmtree(place)

    def _check(self, case: Case, books: Books, place: Path) -> Iterator[str]:
        originals: dict[str, bytes] = {}

        def kept(files: dict[str, bytes]) -> dict[str, bytes]:
            originals.update(files)
            return case.oddity.files(files)

        books.answer(replace(case.oddity, files=kept))
        predict = partial(self._predict, place, books, case)
        code = predict()
        if case.oddity.outcome == "stop" and case.way == "bedrock-batch":
            paid = books.dollars
            if code != 4 or predict() != 4 or books.dollars != paid:
                yield f"ended with {code}, and {books.dollars - paid} dollars were paid again"
            self._restore(place.name, originals)
            code = predict()
        if code not in ((0, 5) if case.oddity.outcome in ("lost", "repaired") else (0,)):
            yield f"ended with {code}"
        yield from self._compared(case, books, place)
        answers, asked = books.answers, books.paid_twice
        if case.oddity.outcome in ("read", "stop") and asked:
            yield f"{asked} questions were paid for twice"
        if case.budget == BUDGET and predict() not in (0, 5):
            yield "the second run failed"
        if case.budget == BUDGET and books.answers != answers:
            yield f"the second run asked {books.answers - answers} questions"

    def _compared(self, case: Case, books: Books, place: Path) -> Iterator[str]:
        usage = open_workspace(place).models.usage()
        ours = sum(map(Decimal, map(repr, usage["cost"].to_list())), Decimal(0))
        may = sum(map(Decimal, map(repr, usage["may_have_been_billed"].to_list())), Decimal(0))
        theirs = books.dollars
        if theirs > ours + may + _EQUAL:
            yield f"the double wants {theirs}, we have {ours} and at most {may} more"
        if ours > theirs + _EQUAL and not case.oddity.unpriced:
            yield f"we have {ours}, the double wants {theirs} only"
        if case.oddity.outcome in ("read", "stop") and may:
            yield f"{may} may have been billed, although everything could be read"
        if max(theirs, ours) > case.budget:
            yield f"the budget was {case.budget}; the double wants {theirs}, we have {ours}"

    def _predict(self, place: Path, books: Books, case: Case) -> int:
        """The exit code of `omnix predict --force`."""
        settings = {
            "bedrock.endpoint_url": books.double.url,
            "bedrock.pseudonym_secret": "these customers are invented",
            "bedrock.attempts": 2,
            "bedrock.batch.location": f"s3://{BUCKET}/{place.name}",
            "bedrock.batch.role_arn": "arn:aws:iam::123456789012:role/omnix-batch",
            "bedrock.batch.min_records": 5,
            "bedrock.batch.poll_seconds": 0.001,
            "bedrock.batch.wait_seconds": 1,
            "privacy.consent_ai_analysis": True,
            "s3.endpoint_url": self.s3,
        }
        try:
            open_workspace(place, settings=settings).predict(predictor=case.way, force=True, budget=case.budget)
        except OmnixError as error:
            return error.exit_code
        return 0

    def _restore(self, name: str, files: dict[str, bytes]) -> None:
        (record,) = [
            entry["Key"]
            for entry in self.objects.list_objects_v2(Bucket=BUCKET, Prefix=f"{name}/")["Contents"]
            if entry["Key"].endswith("/job.json")
        ]
        output = f"{record.removesuffix('job.json')}output/"
        for entry in self.objects.list_objects_v2(Bucket=BUCKET, Prefix=output).get("Contents", ()):
            self.objects.delete_object(Bucket=BUCKET, Key=entry["Key"])
        for file, content in files.items():
            self.objects.put_object(Bucket=BUCKET, Key=f"{output}{file}", Body=content)

    @contextmanager
    def _double(self, kind: DoubleKind) -> Iterator[Books]:
        if kind == "second":
            with PlainBedrock(self.objects) as plain:
                yield Books(plain)
        else:
            with BedrockDouble(Behaviour(min_records=5), s3_endpoint=self.s3) as double:
                yield Books(double)


@contextmanager
def shop(folder: Path, s3: str) -> Iterator[Shop]:
    """A shop in this folder; what its runs log is not printed."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield Shop(folder, s3)
    finally:
        logging.disable(before)


def main() -> int:
    """Prints the cases that fail, and the numbers of cases by outcome."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every so many cases")
    parser.add_argument("--mixtures", type=int, default=20, help="mixtures for each double and each way to ask")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    began, failed, counts = time.perf_counter(), 0, Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="omnix-odd-") as folder,
        moto_server() as s3,
        shop(Path(folder), s3) as made,
    ):
        for case in cases(given.mixtures, given.seed)[:: given.every]:
            counts[case.oddity.outcome] += 1
            for failure in made.failures(case):
                failed += 1
                print(f"{case}: {failure}")
    seconds = time.perf_counter() - began
    outcomes = ", ".join(f"{number} {name}" for name, number in counts.items())
    print(f"{counts.total()} cases in {seconds:.0f} s ({outcomes}): {failed} failures")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
