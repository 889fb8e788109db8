"""An acknowledgement is waited for by the thread that sends it, and by nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from slack_bolt import BoltResponse

from handlers import acknowledgement
from handlers.acknowledgement import WaitedAck


def test_it_is_there_as_soon_as_it_is_given() -> None:
    ack = WaitedAck()
    looking = threading.Event()

    def listener() -> BoltResponse:
        looking.wait(5)
        return ack(text="Taken.")

    with ThreadPoolExecutor(1) as pool:
        given = pool.submit(listener)
        looking.set()
        assert ack.response is given.result(5)


def test_a_listener_that_looks_does_not_wait() -> None:
    ack = WaitedAck()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: ack.response).result(1) is None


def test_what_was_acknowledged_stays_so() -> None:
    ack = WaitedAck()
    given = ack()
    ack.response = None
    assert ack.response is given


def test_one_that_never_comes_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    class Never(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return False

    monkeypatch.setattr(threading, "Event", Never)
    ack = WaitedAck()
    assert ack.response is None
    assert ack.response is None
    assert waits == [acknowledgement.ACK_SECONDS]
