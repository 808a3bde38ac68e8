#!/usr/bin/env bash
# Guess:    behind AWS Lambda, mangum hands an ASGI application the paths that uvicorn hands it: `path` decoded once, and
#           `raw_path` as it was sent. So an application that works under uvicorn works there.
# Really:   it decodes whatever the event has, and there is no `raw_path`. A function URL sends paths encoded: `a%2Fb`
#           becomes two parts, and nothing tells that it was one. An HTTP API of API Gateway has decoded the path already
#           (its `rawPath` is none), so it is decoded twice: who asks for `50%20off` gets `50 off`, another article.
# Versions: mangum 0.22.0, starlette 1.10.0
# Date:     2026-11-29
# Matters:  ids with a slash or a percent sign are missing or are answered with another record, only in Lambda. Take
#           `rawPath` of a function URL, and quote that of an HTTP API, as `raw_path`. Events as recorded in
#           github.com/fastify/aws-lambda-fastify/issues/169 and github.com/middleapi/standard-server/pull/93.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mangum==0.22.0 starlette==1.10.0
cd "$work"
venv/bin/python - <<'PY'
import asyncio
import sys
from importlib.metadata import version
from urllib.parse import unquote

from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

print("mangum", version("mangum"), "starlette", version("starlette"))
wrong = []
asyncio.set_event_loop(asyncio.new_event_loop())


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if seen != wanted:
        wrong.append(f"{what}: {seen}, was {wanted}")


async def article(request):
    raw = request.scope.get("raw_path")
    return JSONResponse({"id": request.path_params["id"], "raw": raw and raw.decode()})


answers = Mangum(Starlette(routes=[Route("/articles/{id}", article)]), lifespan="off")


def event(path, domain):
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"}
    context = {"domainName": domain, "http": http, "requestId": "id", "stage": "$default"}
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {"host": domain},
        "requestContext": context, "isBase64Encoded": False,
    }


def by_url(path):  # encoded, as it was sent
    return answers(event(path, "abc.lambda-url.us-east-1.on.aws"), None)


def by_api(path):  # decoded by API Gateway
    return answers(event(unquote(path), "abc.execute-api.us-east-1.amazonaws.com"), None)


print("a client asks for the article `a/b` as /articles/a%2Fb")
expect("function URL", by_url("/articles/a%2Fb")["statusCode"], 404)
expect("HTTP API", by_api("/articles/a%2Fb")["statusCode"], 404)
print("a client asks for the article `50%20off` as /articles/50%2520off")
expect("function URL", by_url("/articles/50%2520off")["body"], '{"id":"50%20off","raw":null}')
expect("HTTP API", by_api("/articles/50%2520off")["body"], '{"id":"50 off","raw":null}')
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
