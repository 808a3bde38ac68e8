"""Lets something else than AWS answer, from some request on or once, and runs commands that use the service.

    python -m tests.soaks.strange_services [TRIALS] [SEED]

Every command must end with what the answer means (2, 3, 4 or 5) or, when a request could be repeated, with 0. Ends
with 1 when one ends with 1.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import boto3

from omnix_cli.stores.dynamodb.client.service import Retries
from tests.aws.accounts import use_nobodys_account
from tests.aws.bedrock import BedrockDouble
from tests.aws.buckets import moto_server
from tests.aws.emulators import run_ministack
from tests.aws.strange_proxy import ANSWERS, StrangeProxy
from tests.cli.conftest import write_shop
from tests.soaks.commands import Answer, Slow, Wrong, at_most, inside, omnix, summary, told

TRIALS = 400
SEED = 20261201
SECONDS = 60.0
_S3 = ("--workspace", "s3://bucket/shop")
READS = (("show", "due", *_S3),)
VERIFY = ("tables", "verify", "recommendations", "--from", "sqlite", "--to", "dynamodb")
COMMANDS: Mapping[str, Sequence[Sequence[str]]] = {
    "dynamodb": (
        ("tables", "status"),
        ("tables", "create"),
        ("publish", "--force", "--store", "dynamodb"),
        ("tables", "export", "recommendations", "--from", "dynamodb", "--to", "exported"),
        ("tables", "copy", "recommendations", "--from", "sqlite", "--to", "dynamodb"),
        VERIFY,
        ("import", "products"),
        ("tables", "drop", "recommendations", "--dry-run"),
    ),
    "s3": (
        ("run", *_S3),
        ("runs", "list", *_S3),
        ("show", "due", *_S3),
        ("import", "purchases", "s3://bucket/in/purchases.csv"),
        ("import", "purchases", "s3://bucket/in/*.csv", *_S3),
        ("show", "due", "--output", "s3://bucket/out.json", "--format", "json"),
        ("tables", "export", "recommendations", "--from", "kind=sqlite", "--to", "s3://bucket/exported"),
    ),
    "bedrock": (
        ("predict", "--predictor", "bedrock", "--force"),
        ("predict", "--predictor", "bedrock-batch", "--force"),
        ("predict", "estimate"),
    ),
}


def main(trials: int, seed: int) -> int:
    """Prints how the commands ended."""
    began = time.perf_counter()
    with ExitStack() as stack:
        urls = {"dynamodb": stack.enter_context(run_ministack()), "s3": stack.enter_context(moto_server())}
        urls["bedrock"] = stack.enter_context(BedrockDouble(s3_endpoint=urls["s3"])).url
        counts, wrong = campaign(trials, seed, urls)
    return summary(counts, wrong, f"{trials:,} trials", began)


def campaign(trials: int, seed: int, urls: Mapping[str, str]) -> tuple[Counter[str], list[str]]:
    """How trials ended, and what went wrong. `urls` are those of emulators, by service."""
    counts, wrong = Counter[str](), []
    s3 = _s3(urls["s3"])
    with _shop(urls) as proxies:
        truth = {command: omnix(*command, "--quiet").out for command in READS}
        for number in range(trials):
            random = Random(f"{seed}-{number}")
            service = list(proxies)[number % len(proxies)]
            answer, command = random.choice(ANSWERS[service]), random.choice(COMMANDS[service])
            first, only_once = random.choice((0, 0, 1, 2, 3, 5, 8)), random.random() < 0.3
            proxies[service].arm(answer, first, only_once=only_once)
            try:
                with at_most(SECONDS):
                    ended = told(omnix(*command, "--quiet"), " ".join(command), 2, 3, 4, 5)
                    proxies[service].disarm()
                    if ended.code == 0 and not answer.is_plausible:
                        _check(command, ended, truth)
                counts[f"{service}: {ended.code}"] += 1
            except Slow:
                counts[f"{service}: slow"] += 1
            except Wrong as error:
                counts[f"{service}: WRONG"] += 1
                wrong.append(f"{number} {answer.name}, {'once' if only_once else 'from'} {first}: {error}")
            proxies[service].disarm()
            shutil.rmtree("exported", ignore_errors=True)
            s3.delete_object(Bucket="bucket", Key="shop/lock")  # its release may have failed, and a lease would last
            for prefix in ("exported/", "jobs/"):
                for stored in s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", ()):
                    s3.delete_object(Bucket="bucket", Key=stored["Key"])
            for kept in Path(".omnix").glob("answers.sqlite*"):  # what it has is not asked again
                kept.unlink()
    return counts, wrong


def _check(command: Sequence[str], ended: Answer, truth: Mapping[Sequence[str], str]) -> None:
    """Raises `Wrong` when a command that ended well did not do what it says."""
    if command in READS and ended.out != truth[command]:
        raise Wrong(f"`{' '.join(command)}` prints something else: {ended.out[:200]}")
    if command[0] == "import" and "600 rows read" not in ended.err and command[1] == "purchases":
        raise Wrong(f"`{' '.join(command)}` read something else: {ended.err}")
    if command[:2] == ("tables", "copy"):  # what was published may have more
        _verified(VERIFY, "0 missing")
    if command[:2] == ("tables", "export"):
        exported, source = command[-1], command[4]
        _verified(("tables", "verify", "--from", f"{exported}/", "--to", source), " 0 missing, 0 extra, 0 different")


def _verified(command: Sequence[str], expected: str) -> None:
    after = omnix(*command, "--quiet")
    if expected not in after.err or " 0 different" not in after.err:
        raise Wrong(f"`{' '.join(command)}` found differences: {after.err}")


def _s3(url: str) -> Any:
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1")


@contextmanager
def _shop(urls: Mapping[str, str]) -> Iterator[dict[str, StrangeProxy]]:
    """A shop after a run, here and in a bucket; yields the proxies of its services."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(Retries, "wait"))
        stack.enter_context(patch("time.sleep"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="omnix-")))
        stack.enter_context(inside(folder))
        proxies = {service: stack.enter_context(StrangeProxy(url)) for service, url in urls.items()}
        write_shop(folder)
        s3 = _s3(urls["s3"])
        s3.create_bucket(Bucket="bucket")
        s3.upload_file("purchases.csv", "bucket", "in/purchases.csv")
        Path("omnix.toml").write_text(_settings({name: proxy.url for name, proxy in proxies.items()}))
        for command in (
            ("import", "products", "products.csv"),
            ("import", "purchases", "purchases.csv"),
            ("run", "--store", "sqlite"),
            ("tables", "create"),
            ("import", "purchases", "purchases.csv", *_S3),
            ("run", "--store", "sqlite", *_S3),
        ):
            told(omnix(*command, "--quiet"), " ".join(command))
        yield proxies


def _settings(urls: Mapping[str, str]) -> str:
    return f"""
store = {{ kind = "dynamodb", endpoint_url = "{urls["dynamodb"]}", region = "us-east-1", tables.own_products = true }}
s3.endpoint_url = "{urls["s3"]}"
privacy.consent_ai_analysis = true
[bedrock]
endpoint_url = "{urls["bedrock"]}"
region = "us-east-1"
attempts = 2
pseudonym_secret = "a secret for invented customers"
batch = {{ location = "s3://bucket/jobs", role_arn = "arn:aws:iam::123456789012:role/omnix", min_records = 1 }}
"""


if __name__ == "__main__":
    import pytest

    numbers = [int(argument) for argument in sys.argv[1:]]
    with pytest.MonkeyPatch.context() as environment:
        use_nobodys_account(environment)
        sys.exit(main(*(numbers + [TRIALS, SEED][len(numbers) :])))
