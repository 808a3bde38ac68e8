"""Files of batch jobs lose the questions about a customer, and what belongs to them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from omnix_cli.records import BatchJob
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.model_answers_kept import BatchJobFiles

ZOE = Traces("zoe-4711")
JOB = "omnix-20180115-abc"


class Files:
    """Objects in memory."""

    def __init__(self, **files: bytes) -> None:
        self.content = {f"{JOB}/{name}": content for name, content in files.items()}

    def keys(self, beginning: str) -> Iterator[str]:
        return (key for key in sorted(self.content) if key.startswith(beginning))

    def read(self, key: str) -> bytes:
        return self.content[key]

    def write(self, key: str, content: bytes) -> None:
        self.content[key] = content

    def address(self, key: str) -> str:
        return f"s3://bucket/{key}"


def lines(*records: Any) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def record(**facts: Any) -> bytes:
    job = BatchJob(
        name=JOB, model="m", prompt="p", as_of=date(2018, 1, 15), questions=2, input="i", output="o", token="t"
    )
    return job.model_copy(update=facts).model_dump_json(indent=1).encode()


def files(**job: Any) -> Files:
    answered = lines({"recordId": "q1", "modelOutput": {"a": "k-zoe"}}, {"recordId": "q2", "modelOutput": {}})
    return Files(
        **{
            "questions.jsonl": lines({"key": "q1", "customers": ["zoe-4711", "c"]}, {"key": "q2", "customers": ["d"]}),
            "input.jsonl": lines({"recordId": "q1", "modelInput": "k-zoe"}, {"recordId": "q2", "modelInput": "k-d"}),
            "output/x/input.jsonl.out": answered,
            "output/x/more.jsonl.out.gz": gzip.compress(answered),
            "output/x/lost.jsonl.out": lines({"recordId": "q9", "modelInput": "about k-zoe"}) + b"damaged k-zoe\n",
            "job.json": record(**job),
        }
    )


def place(objects: Files) -> BatchJobFiles:
    return BatchJobFiles(objects, lambda customer: f"k-{customer.partition('-')[0]}")  # type: ignore[arg-type]


def test_every_line_about_the_customer_goes() -> None:
    objects = files(arn="a", status="Completed", done=True)
    before = objects.content[f"{JOB}/job.json"]
    assert len(list(place(objects).pieces(ZOE))) == 6
    assert place(objects).erase(ZOE) == 6
    everything = b"".join(gzip.decompress(c) if c[:2] == b"\x1f\x8b" else c for c in objects.content.values())
    assert b"zoe" not in everything and everything.count(b'"q2"') == 4
    assert objects.content[f"{JOB}/job.json"] == before
    assert place(objects).erase(ZOE) == 0


def test_files_of_a_running_job_wait() -> None:
    objects = files(arn="a", status="InProgress")
    before = dict(objects.content)
    assert place(objects).erase(ZOE) == 0 and objects.content == before
    assert place(objects).open_jobs(ZOE) == [JOB]
    assert place(objects).open_jobs(Traces("d2d2")) == []


def test_a_job_that_bedrock_does_not_know_is_not_waited_for() -> None:
    objects = files()
    assert place(objects).erase(ZOE) == 6 and place(objects).open_jobs(ZOE) == []


def test_without_a_key_of_pseudonyms_the_questions_tell() -> None:
    objects = files(arn="a", status="Failed")
    assert BatchJobFiles(objects, None).erase(ZOE) == 4  # type: ignore[arg-type]


def test_damaged_files_are_left_to_the_search() -> None:
    objects = Files(**{"questions.jsonl": b"\x1f\x8bdamaged", "job.json": b"{"})
    assert place(objects).erase(ZOE) == 0
