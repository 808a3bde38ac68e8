"""Working on one item while the next ones are produced and computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_END: Any = object()


def pipelined(function: Callable[[_Item], _Result], items: Iterable[_Item], *, threads: int) -> Iterator[_Result]:
    """The results of the function for the items, in order. While the caller works on one, a thread produces the next
    item and so many threads compute."""
    iterator, computing = iter(items), deque[Future[_Result]]()
    with ThreadPoolExecutor(1) as producer, ThreadPoolExecutor(threads) as pool:
        produced = producer.submit(next, iterator, _END)
        while (item := produced.result()) is not _END:
            produced = producer.submit(next, iterator, _END)
            computing.append(pool.submit(function, item))
            if len(computing) > threads:
                yield computing.popleft().result()
        while computing:
            yield computing.popleft().result()
