"""A part of the campaign `tests.soaks.odd_answers`: odd but valid answers, and the books of two doubles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.buckets import TestBucket
from tests.conftest import use_nobodys_account
from tests.soaks.odd_answers import Case, Shop, cases, shop

EVERY = 10
CASES = cases(mixtures=20, seed=0)[3::EVERY]


@pytest.fixture(scope="module")
def odd_shop(tmp_path_factory: pytest.TempPathFactory, s3_server: TestBucket) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_nobodys_account(monkeypatch)
        with shop(tmp_path_factory.mktemp("odd"), s3_server.url) as made:
            yield made


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_can_be_read_is_paid_for_once_and_the_books_agree(odd_shop: Shop, case: Case) -> None:
    assert odd_shop.failures(case) == []
