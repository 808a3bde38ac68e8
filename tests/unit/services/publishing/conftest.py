from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.services.publishing.publishing_shop import PublishingShop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PublishingShop]:
    shop = PublishingShop(tmp_path)
    with closing(shop.store):
        yield shop
