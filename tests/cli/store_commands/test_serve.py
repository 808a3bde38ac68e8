from __future__ import annotations

import socket

import pytest

from tests.cli.conftest import Omnix


def test_without_a_key_other_machines_are_not_served(omnix: Omnix) -> None:
    answer = omnix("serve", "--host", "0.0.0.0", "--port", "0")
    assert (answer.code, "listens on this machine only, not on 0.0.0.0" in answer.err) == (2, True)


def test_a_port_that_is_taken_is_named(omnix: Omnix) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = omnix("serve", "--port", str(port))
    assert (answer.code, f"cannot listen on 127.0.0.1:{port}" in answer.err) == (4, True)


def test_keys_need_an_issuer_and_an_audience(omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_API__SECRET", "a secret of thirty-two signs or more")
    answer = omnix("serve", "--port", "0")
    assert (answer.code, "api.issuer is not set" in answer.err) == (2, True)


def test_a_short_secret_is_refused_and_not_shown(omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_API__SECRET", "tiny-secret")
    answer = omnix("serve", "--port", "0")
    assert (answer.code, "must have at least 32 characters" in answer.err) == (2, True)
    assert "tiny-secret" not in answer.err + answer.out
