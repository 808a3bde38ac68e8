"""Lets failing assertions of inherited contracts show their values."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.contracts.table_store")
