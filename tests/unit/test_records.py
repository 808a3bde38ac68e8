from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from omnix_cli.records import (
    TOKEN_KINDS,
    BatchJob,
    ImportBatch,
    ImportedFile,
    MigrationRecord,
    Reply,
    RunRecord,
    SegmentProgress,
    StepRecord,
    TokenUsage,
    run_id_at,
)
from tests.questions import DAY, question, reply

STARTED = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


def test_run_ids_sort_by_time() -> None:
    ids = [run_id_at(STARTED + timedelta(microseconds=number)) for number in (0, 9, 10, 1_000_000)]
    assert ids == sorted(set(ids))


def test_a_run_finds_its_steps_by_name() -> None:
    step = StepRecord(name="predict", key="k", status="ran", reason="first run")
    run = RunRecord(
        run_id="r",
        command="run",
        status="done",
        as_of=STARTED.date(),
        started_at=STARTED,
        settings={},
        sources={},
        steps=(step,),
    )
    assert run.step("predict") == step
    assert run.step("publish") is None


def test_an_import_adds_what_its_files_add() -> None:
    files = [
        ImportedFile(name=name, sha256="s", mapping_key="m", read=5, accepted=n) for name, n in (("a", 2), ("b", 3))
    ]
    batch = ImportBatch(key="k", kind="purchases", imported_at=datetime(2018, 1, 15, tzinfo=UTC), files=tuple(files))
    assert batch.accepted == 5


def test_a_migration_is_read_back_as_it_was_recorded() -> None:
    record = MigrationRecord(run_id="r", plan={"tables": ["products"]}, target={"kind": "sqlite"}, started_at=STARTED)
    assert MigrationRecord.model_validate_json(record.model_dump_json()) == record
    progress = SegmentProgress(after="p9", read=7, refused_keys=("p1",))
    assert SegmentProgress.model_validate_json(progress.model_dump_json()) == progress


def test_tokens_add_up_by_kind() -> None:
    one, other = TokenUsage(input=1, output=2, cache_read=3, cache_write=4), TokenUsage(output=10)
    assert one + other == TokenUsage(input=1, output=12, cache_read=3, cache_write=4)
    assert TOKEN_KINDS == ("input", "output", "cache_read", "cache_write")


def test_a_reply_survives_json_and_unknown_fields_are_refused() -> None:
    kept = reply(question("ann"))
    assert Reply.model_validate_json(kept.model_dump_json()) == kept
    with pytest.raises(ValidationError, match="mood"):
        Reply.model_validate({**kept.model_dump(), "mood": "good"})


@pytest.mark.parametrize(("status", "ended"), [("prepared", False), ("InProgress", False), ("Expired", True)])
def test_a_job_ends_with_the_service(status: str, ended: bool) -> None:
    job = BatchJob(
        name="j", model="m", prompt="p", as_of=DAY, questions=1, input="i", output="o", token="t", status=status
    )
    assert job.ended is ended
