from __future__ import annotations

import os
import signal
from contextlib import suppress

import pytest

from omnix_cli.errors import Interrupted
from omnix_cli.processes import stop_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_raises_at_once_and_leaves_a_mark(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop_signals.install()
        stop_signals.check()
        with pytest.raises(Interrupted, match=f"stopped by {number.name}"):
            os.kill(os.getpid(), number)
        with suppress(Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(2):
            with pytest.raises(Interrupted, match=f"stopped by {number.name}"):
                stop_signals.check()
        stop_signals.clear_mark()
        stop_signals.check()
    finally:
        stop_signals.clear_mark()
        for one, handler in before.items():
            signal.signal(one, handler)
