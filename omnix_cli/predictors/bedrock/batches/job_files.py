"""The files of a batch job: a line for each request, for the customers of each question, and for each answer.

A request is `{"recordId": <key of the question>, "modelInput": <body of a Converse request>}`. Batch inference supports
neither tools nor structured output nor a cache, so the body has only the text
(docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson

from omnix_cli.predictors.bedrock.asking.conversation import request_body
from omnix_cli.records import BatchJob, Question, Turn
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


def customers_line(question: Question) -> bytes:
    """All of a question but its text: above all its customers, whom the request does not name."""
    return orjson.dumps(question.model_dump(mode="json", exclude=_TEXT), option=orjson.OPT_APPEND_NEWLINE)


def question_key(line: bytes) -> str:
    """The key of the question in a line of customers."""
    return str(orjson.loads(line)["key"])


def read_answer_line(line: bytes) -> dict[str, Any]:
    """A line of answers: `recordId`, `modelInput`, and `modelOutput` or `error`. Empty when it is damaged."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def answered_question(customers: bytes, answer: dict[str, Any]) -> Question:
    """The question of an answer: its customers from their line, its text from the request that the answer repeats."""
    body = answer.get("modelInput", {})
    turns = [Turn(role=message["role"], text=_text(message["content"])) for message in body.get("messages", [])]
    return Question.model_validate({**orjson.loads(customers), "system": _text(body.get("system", [])), "turns": turns})


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


def _text(blocks: Sequence[dict[str, Any]]) -> str:
    return "".join(block.get("text", "") for block in blocks)
