"""Working on one item while the next one is produced."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_END = object()


def prefetched(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items in order; a thread produces the next one while the caller works on the current one."""
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1) as thread:
        upcoming = thread.submit(next, iterator, _END)
        while (item := upcoming.result()) is not _END:
            upcoming = thread.submit(next, iterator, _END)
            yield item  # type: ignore[misc]


def mapped(function: Callable[[_Item], _Result], items: Iterable[_Item], *, threads: int) -> Iterator[_Result]:
    """The results of the function for the items, in order, computed in so many threads while the caller works."""
    with ThreadPoolExecutor(threads) as pool:
        upcoming: deque[Future[_Result]] = deque()
        for item in items:
            upcoming.append(pool.submit(function, item))
            if len(upcoming) > threads:
                yield upcoming.popleft().result()
        while upcoming:
            yield upcoming.popleft().result()
