"""The files of a batch job: a line for each request, and for the customers of each question.

A request is `{"recordId": <key of the question>, "modelInput": <body of a Converse request>}`. Batch inference supports
neither tools nor structured output nor a cache, so the body has only the text
(docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson

from omnix_cli.predictors.bedrock.asking.conversation import request_body
from omnix_cli.records import BatchJob, Question
from omnix_cli.settings import BatchSettings

MAX_FILE_BYTES = 10**9
"""The largest file of requests, by the quota of Bedrock."""
_LINE_BYTES = 512
"""The bytes of a line besides the text of its question."""
_TEXT = {"system", "turns"}


def split_questions(
    questions: Sequence[Question], limits: BatchSettings, *, max_bytes: int = MAX_FILE_BYTES
) -> list[list[Question]]:
    """The questions of each job: about the same number, within the limits, whatever the order of `questions`. None if
    they are too few for a job."""
    if len(questions) < limits.min_records:
        return []
    ordered = sorted(questions, key=lambda question: question.key)
    texts = (text for question in ordered for text in (question.system, *(turn.text for turn in question.turns)))
    size = _LINE_BYTES * len(ordered) + sum(map(len, texts))
    count = max(math.ceil(len(ordered) / limits.max_records), math.ceil(size * 1.1 / max_bytes))
    ends = [len(ordered) * number // count for number in range(count + 1)]
    return [ordered[first:end] for first, end in pairwise(ends)]


def job_name(questions: Sequence[Question]) -> str:
    """The name of the job with these questions, the same on every machine."""
    first = questions[0]
    content = "\n".join([first.model, first.prompt, *(question.key for question in questions)])
    return f"{name_prefix(first)}{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def name_prefix(question: Question) -> str:
    """The beginning of the names of all jobs of the question's day."""
    return f"omnix-{question.as_of:%Y%m%d}-"


def request_line(question: Question, temperature: float | None) -> bytes:
    """The request of a question."""
    body = request_body(question, temperature)
    return orjson.dumps({"recordId": question.key, "modelInput": body}, option=orjson.OPT_APPEND_NEWLINE)


def customers_line(question: Question, most: Decimal) -> bytes:
    """All of a question but its text: above all its customers, whom the request does not name; and the `most` dollars
    that its answer can cost."""
    content = {**question.model_dump(mode="json", exclude=_TEXT), "most": str(most)}
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def asked_question(line: bytes) -> tuple[Question, Decimal]:
    """The question in a line of customers, without its text, and the most dollars that its answer can cost (0 in a job
    of omnix 0.1, which did not say)."""
    content = orjson.loads(line)
    most = Decimal(content.pop("most", "0"))
    return Question.model_validate({**content, "system": "", "turns": ()}), most


def question_key(line: bytes) -> str:
    """The key of the question in a line of customers."""
    return str(orjson.loads(line)["key"])


def merged_record(content: bytes | None, job: BatchJob) -> BatchJob:
    """The recorded job (if there is one), updated with what this machine knows.

    A machine with old knowledge cannot undo that a job ended, or what was collected."""
    if content is None:
        return job
    found = BatchJob.model_validate_json(content)
    kept: dict[str, Any] = {"arn": job.arn or found.arn, "submitted_at": found.submitted_at or job.submitted_at}
    if found.ended and not job.ended:
        kept |= {"status": found.status, "message": found.message}
    if found.done and found.collected >= job.collected:
        kept |= {"done": True, "collected": found.collected, "failed": found.failed}
    return job.model_copy(update=kept)
