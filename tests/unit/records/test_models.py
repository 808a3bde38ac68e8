from __future__ import annotations

import pytest
from pydantic import ValidationError

from omnix_cli.records import TOKEN_KINDS, BatchJob, Reply, TokenUsage
from tests.questions import DAY, question, reply


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
