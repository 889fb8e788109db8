"""What the three services share: clock, scenario, request log, faults, change notices."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import Clock
from sandbox.scenario import Fault, Scenario

LOG_LENGTH = 50_000


@dataclass(frozen=True)
class LoggedRequest:
    """One request that a service answered (secrets and bodies are not kept)."""

    number: int
    at: float
    service: str
    request: str
    status: int
    milliseconds: float
    fault: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass
class _ArmedFault:
    """A fault; `chances` is its own, so that no other request moves what the seed decides."""

    fault: Fault
    chances: random.Random
    seen: int = 0
    struck: int = 0


class World:
    """One sandbox: everything in it hangs on this object, nothing is global."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = Clock()
        self.random = random.Random(scenario.seed)
        self.log: deque[LoggedRequest] = deque(maxlen=LOG_LENGTH)
        self.started = time.monotonic()
        self._numbers = 0
        self._faults: list[_ArmedFault] = []
        self._armed = 0
        self._change = 0
        self._changed: set[asyncio.Event] = set()
        for fault in scenario.faults:
            self.add_fault(fault)

    def record(
        self,
        service: str,
        request: str,
        status: int,
        milliseconds: float,
        fault: str | None = None,
        **detail: Any,
    ) -> None:
        """Write a line into the request log."""
        self._numbers += 1
        self.log.append(
            LoggedRequest(
                self._numbers,
                self.clock.timestamp(),
                service,
                request,
                status,
                round(milliseconds, 3),
                fault,
                detail,
            )
        )

    def add_fault(self, fault: Fault) -> None:
        """Arm *fault*."""
        chances = random.Random(f"{self.scenario.seed} fault {self._armed}")
        self._armed += 1
        self._faults.append(_ArmedFault(fault, chances))

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self._faults.clear()

    def faults(self) -> list[dict[str, Any]]:
        """The faults with how many requests each saw and struck."""
        return [
            {**armed.fault.model_dump(), "seen": armed.seen, "struck": armed.struck}
            for armed in self._faults
        ]

    def strike(self, service: str, request: str) -> Fault | None:
        """Return the fault that strikes this request, if any, and count it."""
        for armed in self._faults:
            fault = armed.fault
            if fault.service != service or armed.struck >= fault.times:
                continue
            if not re.search(fault.match, request):
                continue
            armed.seen += 1
            if armed.seen <= fault.after:
                continue
            if fault.share < 1 and armed.chances.random() >= fault.share:
                continue
            armed.struck += 1
            return fault
        return None

    @property
    def change(self) -> int:
        """A number that grows with every visible change."""
        return self._change

    def changed(self) -> None:
        """Tell everyone who waits (the page) that something visible changed."""
        self._change += 1
        for event in self._changed:
            event.set()

    async def wait_for_change(self, since: int, timeout: float) -> int:
        """Wait until :attr:`change` is above *since*, at most *timeout* seconds; return it."""
        event = asyncio.Event()
        self._changed.add(event)
        try:
            if self._change <= since:
                await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            pass
        finally:
            self._changed.discard(event)
        return self._change
