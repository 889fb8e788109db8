"""What can go wrong with a simulated vendor, a clock that a test moves, and the process's death.

Every call can be made to fail, before it did anything or after it was carried out (the answer is
lost), or to kill the process there: from then on nobody calls or records anything, until the bot
is started again.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from bot.errors import Vendor, VendorError
from workflows.text import N_

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound="Faulty")


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


class Killed(BaseException):
    """The process ends here, without a word."""


class Death:
    """Whether the process was killed."""

    def __init__(self) -> None:
        self.happened = False


@dataclass
class Fault:
    """What goes wrong in a call; ``applied``: only the answer is lost.

    ``about``: it strikes only where this stands in an argument.
    """

    error: BaseException
    applied: bool = False
    about: str = ""


class Faulty:
    """A vendor whose calls can go wrong. ``calls`` holds what was asked, in order."""

    vendor: Vendor

    def __init__(self, death: Death) -> None:
        self.death = death
        self.calls: list[str] = []
        self.faults: dict[str, deque[Fault | None]] = defaultdict(deque)
        self.lock = threading.RLock()

    def fail(
        self,
        call: str,
        *,
        times: int = 1,
        after: int = 0,
        applied: bool = False,
        about: str = "",
        **more: Any,
    ) -> None:
        """Let *call* fail, once *after* calls have gone well."""
        self.faults[call].extend([None] * after)
        fault = Fault(vendor_error(self.vendor, **more), applied, about)
        self.faults[call].extend([fault] * times)

    def kill(self, call: str, *, after: int = 0, applied: bool = False, about: str = "") -> None:
        """Let the process die in *call*."""
        self.faults[call].extend([None] * after)
        self.faults[call].append(Fault(Killed(), applied, about))

    def raises(self, call: str, error: Exception, times: int = 1) -> None:
        """Let *call* raise what nobody foresaw."""
        self.faults[call].extend([Fault(error)] * times)

    def strike(self, call: str, *given: object) -> Fault | None:
        """Return the fault that strikes this call, if one does."""
        waiting = self.faults[call]
        fault = waiting[0] if waiting else None
        if fault is not None and not any(fault.about in str(one) for one in (*given, "")):
            return None
        return waiting.popleft() if waiting else None

    def count(self, call: str) -> int:
        """Say how often something was called."""
        return self.calls.count(call)


def vendor_error(
    vendor: Vendor,
    code: str = "",
    *,
    retryable: bool = True,
    unknown: bool = False,
    missing: str = "",
    retry_after: float | None = None,
) -> VendorError:
    """Make an error as an adapter would."""
    return VendorError(
        vendor,
        code or f"{vendor}_unavailable",
        N_("It does not answer."),
        N_("Wait, or ask the operator."),
        reference="corr-1",
        retryable=retryable and not missing,
        retry_after=retry_after,
        unknown=unknown,
        missing=missing,
    )


def fallible(method: Callable[Concatenate[F, P], R]) -> Callable[Concatenate[F, P], R]:
    """Let the faults of a test strike in this call."""
    name = method.__name__

    def call(self: F, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            if self.death.happened:
                raise Killed
            self.calls.append(name)
            fault = self.strike(name, *args)
            if fault is None:
                return method(self, *args, **kwargs)
            if fault.applied:
                method(self, *args, **kwargs)
            self.death.happened |= isinstance(fault.error, Killed)
            raise fault.error

    return call
