"""What a container of Lambda keeps from one event to the next: the settings and the store. With SnapStart, it is loaded
before the snapshot that containers start from.

The settings are those of the variables OMNIX_*, and of the TOML file that OMNIX_CONFIG names, if any."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omnix_cli.services.customers.customer_side import CustomerSide
    from omnix_cli.settings import Settings

CONFIG = "OMNIX_CONFIG"


def present() -> datetime:
    """The current time; the only clock of the handlers."""
    return datetime.now(UTC)


@cache
def settings() -> Settings:
    """The settings of the function. Raises `ConfigError`."""
    from omnix_cli.configuration import load_settings

    environment = {name: value for name, value in os.environ.items() if name != CONFIG}
    file = os.environ.get(CONFIG)
    return load_settings(file=Path(file) if file else None, environment=environment).values


@cache
def customer_side() -> CustomerSide:
    """The customer side on the store of the settings."""
    from omnix_cli.services.customers.customer_side import CustomerSide
    from omnix_cli.wiring.stores import table_store

    return CustomerSide.of(table_store(settings(), now=present), settings(), now=present)


def before_snapshot(*loads: Callable[[], object]) -> None:
    """Has these called before Lambda takes the snapshot of a function with SnapStart. Elsewhere nothing is called: the
    first event loads what it needs. Source: Lambda developer guide, "Lambda SnapStart runtime hooks for Python"."""
    try:
        from snapshot_restore_py import register_before_snapshot
    except ImportError:  # outside Lambda
        return
    for load in reversed(loads):  # Lambda calls the last one first
        register_before_snapshot(load)
