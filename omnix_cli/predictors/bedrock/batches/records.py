"""What stands in the files of a batch job: a line for each question, for whom it is, and for each answer.

Lines to Bedrock are `{"recordId": <key of the question>, "modelInput": <body of a Converse request>}`. Batch inference
knows neither tools nor structured output nor a cache, so the body has the words alone
(docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson

from omnix_cli.records import BatchJob, Question, Turn

MAX_FILE_BYTES = 10**9
"""The most that a file of requests may hold, by the quota of Bedrock."""
_LINE_BYTES = 512
"""What a line has besides the words of its question."""
_WORDS = {"system", "turns"}


def parts(questions: Sequence[Question], *, max_records: int, max_bytes: int = MAX_FILE_BYTES) -> list[list[Question]]:
    """The questions cut into files of about the same size, none above the limits, whatever order they came in."""
    ordered = sorted(questions, key=lambda question: question.key)
    size = sum(_LINE_BYTES + sum(map(len, _texts(question))) for question in ordered)
    count = max(math.ceil(len(ordered) / max_records), math.ceil(size * 1.1 / max_bytes))
    ends = [len(ordered) * number // count for number in range(count + 1)] if count else []
    return [ordered[first:end] for first, end in pairwise(ends)]


def job_name(questions: Sequence[Question]) -> str:
    """The name of the job of these questions: the same wherever and whenever they are handed over."""
    first = questions[0]
    content = "\n".join([first.model, first.prompt, *(question.key for question in questions)])
    return f"{name_beginning(first)}{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def name_beginning(question: Question) -> str:
    """How the names of all jobs of the day of a question begin."""
    return f"omnix-{question.as_of:%Y%m%d}-"


def request_line(question: Question, temperature: float | None) -> bytes:
    """The line that asks the question."""
    limits: dict[str, Any] = {"maxTokens": question.max_output_tokens}
    if temperature is not None:
        limits["temperature"] = temperature
    body = {
        "system": [{"text": question.system}],
        "messages": [{"role": turn.role, "content": [{"text": turn.text}]} for turn in question.turns],
        "inferenceConfig": limits,
    }
    return orjson.dumps({"recordId": question.key, "modelInput": body}, option=orjson.OPT_APPEND_NEWLINE)


def subject_line(question: Question) -> bytes:
    """The line that says about whom a question is; its words stand in the request alone."""
    told = question.model_dump(mode="json", exclude=_WORDS)
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def subject_key(line: bytes) -> str:
    """The key of the question of such a line."""
    return str(orjson.loads(line)["key"])


def read_answer(line: bytes) -> dict[str, Any]:
    """A line of answers: `recordId`, `modelInput`, and `modelOutput` or `error`; empty where it is damaged."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def asked(subject: bytes, answer: dict[str, Any]) -> Question:
    """The question of an answer: about whom it is from the line on that, its words from the request that the answer
    repeats."""
    body = answer.get("modelInput", {})
    turns = [Turn(role=message["role"], text=_text(message["content"])) for message in body.get("messages", [])]
    return Question.model_validate({**orjson.loads(subject), "system": _text(body.get("system", [])), "turns": turns})


def updated(content: bytes | None, job: BatchJob) -> BatchJob:
    """The record as it is to be: what was found there (if anything) brought up to date by what is known of the job.

    A machine that comes late takes nothing back: not that a job ended, nor what was collected."""
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


def _texts(question: Question) -> list[str]:
    return [question.system, *(turn.text for turn in question.turns)]
