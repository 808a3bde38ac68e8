"""A server that answers every bulk write at once and keeps nothing, so that only the client's work is measured.

python -m tests.benchmarks.null_dynamodb        prints its port and serves until it is killed
"""

from __future__ import annotations

import socket
import threading
import zlib

_CONTENT = b'{"UnprocessedItems":{},"Table":{"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}}'
"""Also says what key the table has, which some clients ask first."""
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
    b"Content-Length: %d\r\nx-amz-crc32: %d\r\n\r\n%b" % (len(_CONTENT), zlib.crc32(_CONTENT), _CONTENT)
)


def serve(connection: socket.socket) -> None:
    """Reads requests and answers them until the client leaves."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    while True:
        end = received.find(b"\r\n\r\n")
        if end < 0:
            more = connection.recv(1 << 20)
            if not more:
                return
            received += more
            continue
        missing = end + 4 + _body_bytes(received[:end]) - len(received)
        received = received[len(received) + missing :] if missing <= 0 else b""
        while missing > 0:
            more = connection.recv(1 << 20)
            if not more:
                return
            received = more[missing:]
            missing -= len(more)
        connection.sendall(_ANSWER)


def _body_bytes(head: bytes) -> int:
    _, _, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.partition(b"\r\n")[0] or 0)


def main() -> None:
    """Serves on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
