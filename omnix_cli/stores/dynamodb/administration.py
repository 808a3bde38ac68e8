"""Creating the tables in an account, comparing them with their specification, and dropping them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.protocols.tables import Names, TableChange, TableState
from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.client.answers import understood
from omnix_cli.stores.dynamodb.client.errors import ServiceError, explained
from omnix_cli.stores.dynamodb.client.service import Service
from omnix_cli.stores.dynamodb.definitions import (
    Addition,
    additions,
    after_creation,
    creation,
    found_shape,
    is_ours,
    wanted_shape,
)
from omnix_cli.stores.tables.shapes import TableShape, differences
from omnix_cli.stores.tables.specs import TABLES, TableSpec

EVERY_TABLE = TableSettings(own_products=True, point_in_time_recovery=False)
"""All tables are ours, and nothing that an emulator may lack."""
_LOOKS = 60
_LONGEST_WAIT = 5.0
_DONE_ALREADY = ("ResourceInUseException", "ValidationException")
_SOON = ("ContinuousBackupsUnavailableException", "ResourceInUseException")
"""The table is being changed, or has just been created. Sources: API reference, "Errors" of UpdateContinuousBackups
and UpdateTable."""


class DynamoTables:
    """Implements `protocols.TableAdministration`."""

    def __init__(
        self, service: Service, *, prefix: str = "omnix-ai", stage: str = "dev", options: TableSettings = EVERY_TABLE
    ) -> None:
        self._service = service
        self.names = {spec.name: spec.full_name(prefix, stage) for spec in TABLES.values()}
        self._options = options
        self._ours = [spec for spec in TABLES.values() if is_ours(spec, options)]

    def states(self) -> list[TableState]:
        return [self._state(spec) for spec in TABLES.values()]

    def missing(self, tables: Names = None) -> list[str]:
        """Those of our tables (or of `tables`) that do not exist."""
        specs = [spec for spec in self._ours if tables is None or spec.name in tables]
        return [spec.name for spec in specs if self._service.description(self.names[spec.name]) is None]

    def complete(self, *, dry_run: bool = False, only: list[str] | None = None) -> list[TableChange]:
        """Creates what our tables lack (or `only` these tables), and waits until it is ready."""
        specs = [spec for spec in self._ours if only is None or spec.name in only]
        missing = [spec for spec in specs if self._service.description(self.names[spec.name]) is None]
        changes = [TableChange(spec.name, "table") for spec in missing]
        if not dry_run:
            for spec in missing:
                self._make(spec, creation(spec, self.names[spec.name], self._options))
        for spec in specs:
            if dry_run and spec in missing:
                changes += [TableChange(spec.name, one.what) for one in after_creation(spec, self._options)]
            else:
                changes += self._complete(spec, dry_run=dry_run)
        return changes

    def drop(self, table: str) -> None:
        """Deletes a table and waits until it is gone. Raises `ConfigError` when it is protected."""
        name = self.names[table]

        def is_gone(error: ServiceError) -> bool:
            if error.code == "ValidationException":
                raise ConfigError(f"{name} cannot be dropped: {error.message}", hint="Turn off its protection.")
            return error.code == "ResourceNotFoundException"  # an answer was lost, or another process was faster

        self._send("DeleteTable", {"TableName": name}, name, is_done=is_gone)
        self._wait(name, lambda description: description is None)

    def close(self) -> None:
        self._service.transport.close()

    def _state(self, spec: TableSpec) -> TableState:
        name = self.names[spec.name]
        description = self._service.description(name) or {}
        found = self._shape(name, description) if description else None
        ours = spec in self._ours
        return TableState(
            table=spec.name,
            full_name=name,
            items=description.get("ItemCount"),
            size_bytes=description.get("TableSizeBytes"),
            is_ours=ours,
            is_protected=found is not None and bool(found.protection),
            differences=differences(wanted_shape(spec, self._options), found, ours=ours),
        )

    def _shape(self, name: str, description: Mapping[str, Any]) -> TableShape:
        expiry = self._service.answer("DescribeTimeToLive", {"TableName": name}, name)
        # An emulator may know no backups.
        backups = self._service.find("DescribeContinuousBackups", name, unless="UnknownOperationException")
        with understood(name):
            return found_shape(description, expiry, backups or {})

    def _complete(self, spec: TableSpec, *, dry_run: bool) -> list[TableChange]:
        name = self.names[spec.name]
        description = self._service.description(name) if dry_run else self._wait(name, _is_ready)
        lacking = list(additions(spec, name, self._options, self._shape(name, description or {})))
        for addition in [] if dry_run else lacking:
            self._make(spec, addition)
            self._wait(name, _is_ready)
        return [TableChange(spec.name, addition.what) for addition in lacking]

    def _make(self, spec: TableSpec, addition: Addition) -> None:
        """Sends a request. It is no error if another process was faster, or if an earlier answer was lost."""

        def is_done(error: ServiceError) -> bool:
            return error.code in _DONE_ALREADY and self._is_there(spec, addition)

        self._send(addition.operation, addition.request, self.names[spec.name], is_done=is_done)

    def _send(
        self, operation: str, request: Mapping[str, Any], name: str, *, is_done: Callable[[ServiceError], bool]
    ) -> None:
        """Sends a request about a table, as often as the table is not ready for it."""
        for look in range(_LOOKS):
            try:
                self._service.call(operation, request)
                return
            except ServiceError as error:
                if is_done(error):
                    return
                if error.code not in _SOON:
                    raise explained(error, name) from error
            self._service.retries.sleep(min(0.1 * 2**look, _LONGEST_WAIT))
        raise _not_ready(name)

    def _is_there(self, spec: TableSpec, addition: Addition) -> bool:
        name = self.names[spec.name]
        description = self._service.description(name)
        if description is None or addition.operation == "CreateTable":
            return description is not None
        left = additions(spec, name, self._options, self._shape(name, description))
        return addition.what not in {one.what for one in left}

    def _wait(self, name: str, enough: Callable[[dict[str, Any] | None], bool]) -> dict[str, Any] | None:
        """Waits until a table is as wanted; returns its description."""
        for look in range(_LOOKS):
            description = self._service.description(name)
            with understood(name):
                if enough(description):
                    return description
            self._service.retries.sleep(min(0.1 * 2**look, _LONGEST_WAIT))
        raise _not_ready(name)


def _is_ready(description: dict[str, Any] | None) -> bool:
    return description is not None and found_shape(description, {}, {}).is_ready


def _not_ready(name: str) -> UnavailableError:
    hint = "Run the same command later: it continues from there."
    return UnavailableError(f"the table {name} is still being changed", hint=hint)
