"""Content keys: equal ingredients, equal key, on any machine and in any order of the dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def digest(ingredients: Mapping[str, Any]) -> str:
    """The first 32 hex digits of the SHA-256 of the ingredients as JSON with sorted keys."""
    return hashlib.sha256(orjson.dumps(ingredients, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
