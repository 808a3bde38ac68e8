"""A client that sends requests at planned times, whatever the server does, and says how long after its planned time
each was answered: a server that stops for a second is late for every request of that second.

    python -m tests.benchmarks.open_loop PORT RATE SECONDS < requests

Standard input: a JSON list of whole requests, sent in this order, again and again. Standard output: the latencies in
seconds and the statuses (0: no answer), as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from itertools import cycle, islice

CONNECTIONS = 64
_PATIENCE_SECONDS = 10


class Connection(asyncio.Protocol):
    """Sends one request at a time."""

    def __init__(self, client: Client) -> None:
        self._client, self._received, self._planned = client, bytearray(), 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, request: bytes, planned: float) -> None:
        assert self.transport
        self._planned = planned
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0:
            return
        start = self._received.find(b"content-length: ", 0, head) + 16
        length = int(self._received[start : self._received.find(b"\r\n", start)])
        if len(self._received) >= head + 4 + length:
            status = int(self._received[9:12])
            self._received.clear()
            self._client.answered(self, self._planned, status)


class Client:
    """Hands requests to idle connections; what finds none waits, and its latency goes on."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: list[int] = []
        self._idle: deque[Connection] = deque()
        self._waiting: deque[tuple[bytes, float]] = deque()

    async def run(self, port: int, rate: float, seconds: float, requests: Sequence[bytes]) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
            self._idle.append(connection)
        count = int(rate * seconds)
        started = time.perf_counter()
        for number, request in enumerate(islice(cycle(requests), count)):
            planned = started + number / rate
            if (early := planned - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            elif number % 16 == 0:
                await asyncio.sleep(0)
            self._ask(request, planned)
        ends = time.perf_counter() + _PATIENCE_SECONDS
        while len(self.statuses) < count and time.perf_counter() < ends:
            await asyncio.sleep(0.01)
        self.statuses += [0] * (count - len(self.statuses))

    def answered(self, connection: Connection, planned: float, status: int) -> None:
        self.latencies.append(time.perf_counter() - planned)
        self.statuses.append(status)
        if self._waiting:
            connection.ask(*self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _ask(self, request: bytes, planned: float) -> None:
        if self._idle:
            self._idle.popleft().ask(request, planned)
        else:
            self._waiting.append((request, planned))


def main() -> int:
    port, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    requests = [request.encode() for request in json.load(sys.stdin)]
    client = Client()
    gc.disable()
    asyncio.run(client.run(port, rate, seconds, requests))
    json.dump({"latencies": client.latencies, "statuses": client.statuses}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
