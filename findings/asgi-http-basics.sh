#!/usr/bin/env bash
# Guess:    a web framework and its server do what HTTP asks of every server: HEAD works where GET does, Allow lists the
#           methods of the resource, an encoded slash is part of an id, and a client that closes its side after the
#           request (`nc -N`, shutdown(SHUT_WR)) gets its answer.
# Really:   FastAPI answers HEAD on a GET route with 405 (Starlette's own routes answer it). Of a path that several
#           routes share, Allow has the methods of the first route only. %2F is decoded before a path is matched, so the
#           id "a/b" is 404, and a route with {id:path} would take what follows the id too. uvicorn closes a half-closed
#           connection without a word: the request has run, and the answer is lost.
# Versions: fastapi 0.165.0, starlette 1.10.0, uvicorn 0.54.0 (h11 0.16.0)
# Date:     2026-11-29
# Matters:  clients probe with HEAD; ids from other systems have slashes; a POST of a half-closed client is stored, and
#           the client believes that it was not.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    fastapi==0.165.0 starlette==1.10.0 uvicorn==0.54.0 h11==0.16.0
cd "$work"
venv/bin/python - <<'PY'
import socket
import sys
import threading
import time
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI

print(*(f"{p} {version(p)}" for p in ("fastapi", "starlette", "uvicorn", "h11")))
app = FastAPI()
ran = []


@app.get("/things/{name}")
def read(name: str) -> str:
    return name


@app.post("/things/{name}")
def write(name: str) -> str:
    ran.append(name)
    return name


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
server = uvicorn.Server(uvicorn.Config(app, log_level="critical", http="h11", lifespan="off"))
threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
while not server.started:
    time.sleep(0.01)


def answer(request: str, half_close: bool = False) -> str:
    with socket.create_connection(listener.getsockname(), timeout=5) as client:
        close = "" if half_close else "Connection: close\r\n"
        client.sendall(f"{request} HTTP/1.1\r\nHost: here.example\r\n{close}Content-Length: 0\r\n\r\n".encode())
        if half_close:
            client.shutdown(socket.SHUT_WR)
        received = b""
        while more := client.recv(65_536):
            received += more
    return received.decode()


def header(text: str, name: str) -> str:
    return next((line.split(": ")[1] for line in text.split("\r\n") if line.lower().startswith(f"{name}:")), "none")


wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if seen != wanted:
        wrong.append(f"{what}: {seen}, was {wanted}")


expect("GET", answer("GET /things/a").split()[1], "200")
expect("HEAD", answer("HEAD /things/a").split()[1], "405")
expect("Allow of a resource with GET and POST", header(answer("PUT /things/a"), "allow"), "GET")
expect("GET of the id a/b", answer("GET /things/a%2Fb").split()[1], "404")
expect("POST", answer("POST /things/first").split()[1], "200")
expect("POST of a client that closes its side", answer("POST /things/second", half_close=True), "")
time.sleep(0.5)
expect("what has run", ran, ["first", "second"])
server.should_exit = True
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
