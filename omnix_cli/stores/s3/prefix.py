"""The objects under one prefix of a bucket: list, read, conditional put, upload, delete.

Credentials, profile, region and endpoint come from the settings, then from where every AWS tool looks for them.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import ConfigError, DataError, UnavailableError
from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.errors import Changed, no_answer, refusal, s3_errors

SCHEME = "s3://"
ATTEMPTS = 8
"""How often a request is sent that S3 throttles or that fails on the network."""
PART_BYTES = 16 << 20
"""Larger files are uploaded in parts of this size."""
BLOCK_BYTES = 8 << 20
"""An object is read in blocks of this size."""
_DELETED_AT_ONCE = 1000


@dataclass(frozen=True)
class StoredObject:
    """An object as S3 describes it; `key` is relative to the prefix it was listed under."""

    key: str
    size: int
    etag: str
    modified: datetime
    sha256: str | None = None
    """In hex, if it was requested and S3 has it."""


@dataclass(frozen=True)
class Bucket:
    """A bucket, and how to access it: with a client of botocore, or with polars and the same credentials."""

    name: str
    client: Any
    credentials: Any

    @cached_property
    def polars_options(self) -> dict[str, Any]:
        """The options with which polars accesses the bucket."""
        with s3_errors(SCHEME + self.name):
            answer = self.client.head_bucket(Bucket=self.name)
        url = urlsplit(self.client.meta.endpoint_url)
        usual = str(url.hostname).endswith((".amazonaws.com", ".amazonaws.com.cn")) and ".vpce." not in url.netloc
        given = {} if usual else {"aws_endpoint_url": url.geturl(), "aws_allow_http": str(url.scheme == "http").lower()}
        return {"aws_region": answer.get("BucketRegion") or self.client.meta.region_name, **given}

    def polars_credentials(self) -> tuple[dict[str, str], int | None]:
        """Credentials as polars requests them, with the second in which they expire."""
        with s3_errors(SCHEME + self.name):
            frozen = self.credentials.get_frozen_credentials()
        ends = getattr(self.credentials, "_expiry_time", None)
        token = {"aws_session_token": frozen.token} if frozen.token else {}
        keys = {"aws_access_key_id": frozen.access_key, "aws_secret_access_key": frozen.secret_key}
        return {**keys, **token}, int(ends.timestamp()) if ends else None


def connect(address: str, settings: S3Settings) -> Prefix:
    """The objects at `s3://bucket/prefix`. Raises `ConfigError` when the address or the settings are wrong."""
    import boto3
    from botocore.config import Config

    name, _, prefix = address.removeprefix(SCHEME).partition("/")
    if not address.startswith(SCHEME) or not name:
        raise ConfigError(f"{address!r} is not an address on S3", hint="Write it as s3://bucket/prefix.")
    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    config = Config(retries=retries, connect_timeout=10, read_timeout=60, tcp_keepalive=True)
    with s3_errors(address):
        session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
        client = session.client("s3", endpoint_url=settings.endpoint_url, config=config)
        return Prefix(Bucket(name, client, session.get_credentials()), prefix)


def unchanged(etag: str | None) -> Mapping[str, str]:
    """The condition that an object still has this tag, or, with None, that it does not exist."""
    return {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}


@dataclass(frozen=True)
class Prefix:
    """The objects of a bucket whose keys begin with a prefix; their names here are the rest of the keys."""

    bucket: Bucket
    prefix: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket.name}/{self.prefix}"

    def within(self, name: str) -> Prefix:
        """The objects in a folder below this prefix."""
        above = f"{self.prefix.rstrip('/')}/" if self.prefix else ""
        return replace(self, prefix=f"{above}{name}/" if name else above)

    def list(self, beginning: str = "") -> Iterator[StoredObject]:
        """All objects, by key."""
        pages = self.bucket.client.get_paginator("list_objects_v2").paginate(**self._named(beginning, "Prefix"))
        with s3_errors(str(self)):
            for page in pages:
                for entry in page.get("Contents", ()):
                    key = entry["Key"].removeprefix(self.prefix)
                    yield StoredObject(key, entry["Size"], entry["ETag"], entry["LastModified"])

    def head(self, key: str) -> StoredObject | None:
        """An object without its content, or None when it does not exist."""
        if (answer := self._ask("head_object", key, {"ChecksumMode": "ENABLED"})) is None:
            return None
        with s3_errors(f"{self}{key}"):
            sha256 = base64.b64decode(answer.get("ChecksumSHA256", "").partition("-")[0]).hex()
            return StoredObject(key, answer["ContentLength"], answer["ETag"], answer["LastModified"], sha256 or None)

    def age(self, key: str) -> timedelta | None:
        """How long ago an object was written, by the clock of S3."""
        if (answer := self._ask("head_object", key)) is None:
            return None
        with s3_errors(f"{self}{key}"):
            served = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
            return served - answer["LastModified"]  # type: ignore[no-any-return]

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The content of an object and its tag, or None when it does not exist."""
        return self._fetch(key, {})

    def open(self, stored: StoredObject, block_bytes: int = BLOCK_BYTES) -> io.BufferedReader:
        """An object from its beginning. Reading raises `DataError` when it changed since it was listed."""
        return io.BufferedReader(_Blocks(self, stored), block_bytes)

    def block(self, key: str, start: int, size: int, etag: str) -> bytes:
        """Some bytes of an object. Raises `Changed` when the object no longer has this tag."""
        if (found := self._fetch(key, {"Range": f"bytes={start}-{start + size - 1}", "IfMatch": etag})) is None:
            raise Changed(f"{self}{key}")
        content, tag = found
        if len(content) != size or tag != etag:  # fewer bytes would pass for the end of the object
            raise no_answer(f"{self}{key}")
        return content

    def put(self, key: str, content: bytes, condition: Mapping[str, str] | None = None) -> str:
        """Puts an object, with a checksum that S3 verifies, and returns its tag. Raises `Changed` when the condition
        fails."""
        request = {**self._named(key), "Body": content, "ChecksumAlgorithm": "SHA256", **(condition or {})}
        try:
            answer = self._call("put_object", **request)
            with s3_errors(f"{self}{key}"):
                return str(answer["ETag"])
        except (Changed, FileNotFoundError) as error:
            found = self.get(key)  # our own put may have succeeded, its answer lost
            if found is None or found[0] != content:
                raise Changed(f"{self}{key}") from error
            return found[1]

    def check_conditions(self, key: str, content: bytes) -> None:
        """Puts the content that an object has under conditions that fail; raises `ConfigError` if it is put all the
        same. Many servers that speak the protocol of S3 ignore the conditions, or know one of the two only."""
        for condition in (unchanged(None), unchanged('"00000000000000000000000000000000"')):
            try:
                self._call("put_object", **self._named(key), Body=content, **condition)
            except (Changed, FileNotFoundError):
                continue
            (name,) = condition
            message = f"the server of {self} ignores {name} in PutObject: two runs could overwrite each other's work"
            hint = "Use a server that supports conditional writes, as S3 does, or a workspace on a disk."
            raise ConfigError(message, hint=hint)

    def upload(self, key: str, path: Path) -> str:
        """Puts a file, a large one in parts, with a checksum that S3 verifies; returns the tag of the object."""
        from s3transfer.manager import TransferConfig, TransferManager

        config = TransferConfig(multipart_threshold=2 * PART_BYTES, multipart_chunksize=PART_BYTES)
        extra = {"ChecksumAlgorithm": "SHA256"}
        with s3_errors(f"{self}{key}"), TransferManager(self.bucket.client, config) as transfers:
            transfers.upload(str(path), self.bucket.name, self.prefix + key, extra_args=extra).result()
            return str(self.bucket.client.head_object(**self._named(key))["ETag"])

    def delete(self, keys: Iterable[str]) -> None:
        """Deletes these objects; one that does not exist is no error."""
        for some in batched(({"Key": self.prefix + key} for key in keys), _DELETED_AT_ONCE):
            answer = self._call("delete_objects", Bucket=self.bucket.name, Delete={"Objects": some, "Quiet": True})
            for error in answer.get("Errors", ()):
                code = error.get("Code", "")
                raise refusal(f"{SCHEME}{self.bucket.name}/{error.get('Key')}", code, error.get("Message", code))

    def abort_uploads(self, before: datetime) -> None:
        """Aborts the multipart uploads that began before this instant and never ended."""
        for upload in self._call("list_multipart_uploads", **self._named("", "Prefix")).get("Uploads", ()):
            if upload.get("Initiated", before) < before:
                names = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
                self._call("abort_multipart_upload", Bucket=self.bucket.name, **names)

    def scan(self, keys: Iterable[str]) -> pl.LazyFrame:
        """Parquet objects as one frame."""
        return pl.scan_parquet(
            [f"{self}{key}" for key in keys],
            glob=False,
            storage_options=self.bucket.polars_options,
            credential_provider=self.bucket.polars_credentials,
        )

    def _fetch(self, key: str, request: Mapping[str, str]) -> tuple[bytes, str] | None:
        """Retries when the connection is lost while the content is read; botocore does not."""
        for attempt in range(ATTEMPTS):
            if (answer := self._ask("get_object", key, request)) is None:
                return None
            try:
                with s3_errors(f"{self}{key}"):
                    return answer["Body"].read(), answer["ETag"]
            except UnavailableError:
                if attempt + 1 == ATTEMPTS:
                    raise
        raise AssertionError("there is at least one attempt")

    def _named(self, key: str, name: str = "Key") -> dict[str, str]:
        return {"Bucket": self.bucket.name, name: self.prefix + key}

    def _ask(self, operation: str, key: str, request: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        """The answer for an object, or None when it does not exist."""
        try:
            return self._call(operation, **self._named(key), **(request or {}))
        except FileNotFoundError:
            return None

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        place = f"{SCHEME}{self.bucket.name}/{request.get('Key', self.prefix)}"
        with s3_errors(place):
            return getattr(self.bucket.client, operation)(**request)  # type: ignore[no-any-return]


class _Blocks(io.RawIOBase):
    """The content of an object, read block by block so that a lost connection costs one block."""

    def __init__(self, objects: Prefix, stored: StoredObject) -> None:
        self._objects = objects
        self._stored = stored
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self._stored.size - self._position)
        if size == 0:
            return 0
        try:
            content = self._objects.block(self._stored.key, self._position, size, self._stored.etag)
        except Changed:
            message = f"{self._objects}{self._stored.key} was changed or deleted while it was being read"
            hint = "Nothing of it was imported. Import it again when nothing writes to it."
            raise DataError(message, hint=hint) from None
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)
