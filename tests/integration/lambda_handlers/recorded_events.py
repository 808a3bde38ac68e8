"""Events as AWS Lambda hands them to a function.

Sources: the examples in the Lambda developer guide ("Using Lambda with Amazon SQS", "... Amazon DynamoDB"), in the
EventBridge user guide ("AWS service event metadata"), the SNS developer guide ("HTTP/HTTPS notification JSON format")
and the API Gateway developer guide ("payload format 2.0"), with the documents of a shop in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from omnix_cli.stores.dynamodb.wire import to_wire

SENT = "2020-05-02T10:00:05Z"
_SENT_MILLISECONDS = "1588413605000"


class Context(LambdaContext):
    """The context of an invocation."""

    def __init__(self, remaining: int = 30_000) -> None:
        self.remaining = remaining
        self._function_name, self._memory_limit_in_mb = "omnix", 512
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:omnix"
        self._aws_request_id = "da658bd3-2d6f-4e7b-8ec2-937234644fdc"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


def queue(*bodies: Any, ids: Mapping[int, str] | None = None, name: str = "orders") -> dict[str, Any]:
    """A batch of a queue, whose messages are `m0`, `m1` and so on."""
    return {
        "Records": [
            {
                "messageId": (ids or {}).get(number, f"m{number}"),
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": _SENT_MILLISECONDS,
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1588413605001",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{name}",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def bus(detail: Any, time: str = SENT, event_id: str = "6a7e8feb-b491-4cf7-a9f1-bf3703467718") -> dict[str, Any]:
    """An event of a bus."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Order changed",
        "source": "shop.orders",
        "account": "123456789012",
        "time": time,
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def topic(message: Any) -> dict[str, Any]:
    """The body of a queue's message that came from a topic."""
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-west-2:123456789012:orders",
        "Message": json.dumps(message),
        "Timestamp": "2020-05-02T10:00:04.000Z",
        "SignatureVersion": "1",
    }


def stream(*images: Any, name: str = "MODIFY") -> dict[str, Any]:
    """A batch of a stream of items (numbers as Decimal or int); None is an image that cannot be read."""
    return {
        "Records": [
            {
                "eventID": f"c81e728d9d4c2f636f067f89cc14862{number}",
                "eventName": name,
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "us-east-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1588413605.0,
                    "Keys": {"id": {"S": "R-1"}},
                    ("OldImage" if name == "REMOVE" else "NewImage"): {"id": {"S": 7}}
                    if image is None
                    else to_wire(image),
                    "SequenceNumber": f"{4421584500000000017450439091 + number}",
                    "SizeBytes": 26,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2020-05-01T00:00:00.000",
            }
            for number, image in enumerate(images)
        ]
    }


def request(
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: Any = None,
    query: str = "",
    host: str = "api.example.com",
) -> dict[str, Any]:
    """A request through an HTTP API of API Gateway, which decodes the path, or a function URL, which does not. Sources:
    events of both, recorded in github.com/fastify/aws-lambda-fastify/issues/169 and
    github.com/middleapi/standard-server/pull/93."""
    path = path if ".lambda-url." in host else unquote(path).partition("?")[0]
    headers = {"host": host, "content-type": "application/json"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers | ({"authorization": f"Bearer {token}"} if token else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": host,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        **({"body": json.dumps(body)} if body is not None else {}),
        "isBase64Encoded": False,
    }
