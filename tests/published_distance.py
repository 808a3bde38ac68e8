"""How far what a reader gets is from what a night computed: counted anew from the items of the store, one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.services.publishing.list_items import lists_of

_SHARES = ("score", "confidence")
_DATES = ("predictedPurchaseDate", "nextExpectedDate", "intervalFrom", "intervalTo")
_ABOUT = re.compile(r"about (?:every )?(\d+) days?")
_NUMBERS = (*_SHARES, *_DATES, "intervalDays")


@dataclass
class Distance:
    """The largest differences of shares and of days between `lists` published lists and those of a night; how many of
    them `differ` in anything else, or are in one place only."""

    lists: int = 0
    share: float = 0.0
    days: float = 0.0
    differ: int = 0


def distance(items: Iterable[Mapping[str, Any]], frames: Iterable[StoredFrame]) -> Distance:
    """The distance between all items of the table `recommendations` and the lists of these frames."""
    computed = {
        list_id: json.loads(content)
        for frame in frames
        for chunk in lists_of(frame)
        for list_id, content in chunk.select("list_id", "content").iter_rows()
    }
    found = Distance()
    for item in items:
        if "contentHash" not in item:
            continue
        found.lists += 1
        content = computed.pop(item["id"], None)
        if content is None or not _agree(content, item, found):
            found.differ += 1
    found.differ += len(computed)
    return found


def _agree(content: Mapping[str, Any], item: Mapping[str, Any], found: Distance) -> bool:
    """Whether an item has the facts of a content; its numbers are measured."""
    pairs = [(content, {name: item[name] for name in content if name in item})]
    pairs += zip(content["recommendations"], item["recommendations"], strict=False)
    if len(content["recommendations"]) != len(item["recommendations"]):
        return False
    for own, theirs in pairs:
        if own.keys() != theirs.keys():
            return False
        if any(own[name] != theirs[name] for name in own.keys() - {*_NUMBERS, "recommendations", "reason"}):
            return False
        said, before = (str(entry.get("reason", "")) for entry in (own, theirs))
        if _ABOUT.sub("", said) != _ABOUT.sub("", before):
            return False
        for now, then in zip(_ABOUT.findall(said), _ABOUT.findall(before), strict=True):
            found.days = max(found.days, abs(int(now) - int(then)))
        for name in own.keys() & set(_NUMBERS):
            _measure(name, own[name], theirs[name], found)
    return True


def _measure(name: str, own: Any, theirs: Any, found: Distance) -> None:
    if name in _SHARES:
        found.share = max(found.share, round(abs(own - float(theirs)), 6))
    elif name in _DATES:
        found.days = max(found.days, abs((date.fromisoformat(own) - date.fromisoformat(theirs)).days))
    else:
        found.days = max(found.days, round(abs(own - float(theirs)), 6))
