#!/usr/bin/env bash
# Guess:    a test against moto shows what UpdateTable does on AWS: the attributes that come with a new index are added
#           to those that the table has.
# Really:   moto replaces them. DescribeTable then names a key in KeySchema whose type it no longer knows. DynamoDB wants
#           only the key elements of the new index in AttributeDefinitions and keeps the others (API reference,
#           UpdateTable). Sending the attributes of all keys again works on both.
# Versions: moto 5.2.5, boto3 1.44.5
# Date:     2026-11-29
# Matters:  a program that looks the type of a key up fails in its tests although it works on AWS, or is "fixed" so that
#           it takes every key for a text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "moto[dynamodb]==5.2.5" "boto3==1.44.5"
"$folder/venv/bin/python" - <<'PYTHON'
import os

import boto3
from moto import mock_aws

os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


def attributes(resent: list[str]) -> list[str]:
    """The attributes whose type is known after an index on `customer` was added to a table with the key `id`."""
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="orders",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        index = {
            "IndexName": "by-customer",
            "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        client.update_table(
            TableName="orders",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in [*resent, "customer"]],
            GlobalSecondaryIndexUpdates=[{"Create": index}],
        )
        table = client.describe_table(TableName="orders")["Table"]
    print(f"sent with the index: {[*resent, 'customer']}, key of the table: {table['KeySchema']}")
    known = sorted(one["AttributeName"] for one in table["AttributeDefinitions"])
    print(f"  attributes with a type: {known}")
    return known


assert attributes([]) == ["customer"], "the key of the table is known again"
assert attributes(["id"]) == ["customer", "id"]
PYTHON
