"""Trying again: how often, how long, and what is kept of a lost reply."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import VendorError
from bot.vendors.patience import Patience
from workflows.text import N_


def error(**kind: Any) -> VendorError:
    return VendorError("hubspot", "code", N_("problem"), N_("remedy"), **kind)


class Calls:
    """Fails with each of *errors* in turn, then answers; time passes only by pauses."""

    def __init__(self, *errors: VendorError, takes: float = 0.0) -> None:
        self.errors = list(errors)
        self.count = 0
        self.now = 0.0
        self.takes = takes
        self.pauses: list[float] = []
        self.patience = Patience(sleep=self.sleep, clock=lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def __call__(self) -> str:
        self.count += 1
        self.now += self.takes
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_retryable_errors_are_outlived() -> None:
    calls = Calls(error(retryable=True), error(retryable=True, retry_after=5.0))
    assert calls.patience.call(calls) == "answer"
    assert calls.pauses[1] == 5.0


def test_other_errors_are_not_tried_again() -> None:
    calls = Calls(error())
    with pytest.raises(VendorError):
        calls.patience.call(calls)
    assert calls.count == 1


def test_the_pauses_end_within_the_total() -> None:
    calls = Calls(*(error(retryable=True) for _ in range(99)))
    with pytest.raises(VendorError):
        calls.patience.call(calls)
    assert calls.count == calls.patience.tries
    assert sum(calls.pauses) <= calls.patience.total


def test_a_long_wait_is_left_to_the_caller() -> None:
    calls = Calls(error(retryable=True, retry_after=3600.0))
    with pytest.raises(VendorError):
        calls.patience.call(calls)
    assert calls.pauses == []


def test_one_time_out_does_not_use_up_the_patience_but_two_do() -> None:
    calls = Calls(error(retryable=True), takes=30.0)
    assert calls.patience.call(calls) == "answer"
    calls = Calls(error(retryable=True), error(retryable=True), takes=30.0)
    with pytest.raises(VendorError):
        calls.patience.call(calls)
    assert calls.count == 2


def test_a_lost_reply_is_not_forgotten_over_a_later_refusal() -> None:
    calls = Calls(error(retryable=True, unknown=True), error())
    with pytest.raises(VendorError) as caught:
        calls.patience.call(calls)
    assert caught.value.unknown


def test_what_must_not_be_done_twice_stops_at_an_unknown_outcome() -> None:
    calls = Calls(error(retryable=True), error(retryable=True, unknown=True))
    with pytest.raises(VendorError) as caught:
        calls.patience.call(calls, even_if_unknown=False)
    assert caught.value.unknown
    assert calls.count == 2


def test_an_answer_that_cannot_be_read_gets_fewer_tries() -> None:
    unreadable = [error(retryable=True) for _ in range(9)]
    for one in unreadable:
        one.code = "hubspot_unreadable"
    calls = Calls(*unreadable)
    with pytest.raises(VendorError):
        calls.patience.call(calls)
    assert calls.count == calls.patience.tries_unreadable
