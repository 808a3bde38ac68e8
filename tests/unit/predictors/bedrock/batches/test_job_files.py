from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.predictors.bedrock.batches.job_files import (
    asked_question,
    customers_line,
    job_name,
    merged_record,
    question_key,
    request_line,
    split_questions,
)
from omnix_cli.records import BatchJob
from omnix_cli.settings import BatchSettings
from tests.aws.bedrock.prompts import TODAY, questions

ASKED = questions(60)
SIZE = sum(len(request_line(question, 0.0)) for question in ASKED)
JOB = BatchJob(
    name="omnix-20180115-a",
    model="m",
    prompt="p",
    as_of=TODAY,
    questions=9,
    input="s3://bucket/in",
    output="s3://bucket/out/",
    token="omnix-20180115-a",
)


@given(st.permutations(ASKED), st.integers(0, len(ASKED)), st.integers(1, 70), st.integers(SIZE // 10, 2 * SIZE))
def test_parts_hold_every_question_once_within_the_limits(order: list, count: int, records: int, size: int) -> None:  # type: ignore[type-arg]
    some = order[:count]
    cut = split_questions(some, BatchSettings(min_records=1, max_records=records), max_bytes=size)
    together = [question for part in cut for question in part]
    assert together == sorted(some, key=lambda question: question.key)
    for part in cut:
        assert 0 < len(part) <= records
        assert sum(len(request_line(question, 0.0)) for question in part) <= size
    assert max(map(len, cut), default=0) - min(map(len, cut), default=0) <= 1


def test_too_few_questions_make_no_job() -> None:
    assert split_questions(ASKED, BatchSettings(min_records=len(ASKED) + 1)) == []
    assert split_questions(ASKED, BatchSettings(min_records=len(ASKED))) != []


def test_the_name_of_a_job_follows_from_its_questions() -> None:
    name = job_name(ASKED)
    assert name.startswith("omnix-20180115-") and len(name) <= 63
    assert name == job_name(list(ASKED)) != job_name(ASKED[:-1])


def test_the_customers_of_a_question_are_read_back_without_its_text() -> None:
    (question,) = questions(1)
    question = question.model_copy(update={"priors": ('{"p1": 1}',)})
    line = customers_line(question, Decimal("0.0125"))
    assert question_key(line) == question.key and question.turns[0].text.encode() not in line
    assert asked_question(line) == (question.model_copy(update={"system": "", "turns": ()}), Decimal("0.0125"))
    of_an_earlier_release = line.replace(b',"most":"0.0125"', b"")
    assert asked_question(of_an_earlier_release)[1] == 0


def test_old_knowledge_does_not_undo_a_record() -> None:
    now = datetime(2018, 1, 15, tzinfo=UTC)
    collected = JOB.model_copy(
        update={
            "arn": "arn:1", "status": "Completed", "done": True, "collected": 7, "failed": 2, "submitted_at": now,
        }
    )  # fmt: skip
    late = JOB.model_copy(update={"status": "InProgress"})
    assert merged_record(None, JOB) == JOB
    assert merged_record(json.dumps(collected.model_dump(mode="json")).encode(), late) == collected
    more = collected.model_copy(update={"collected": 8, "failed": 1})
    assert merged_record(collected.model_dump_json().encode(), more) == more
