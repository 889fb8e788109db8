"""A disk that is full for a while, and what the log says of it."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

PATIENCE_SECONDS = 60.0
NOTHING_MORE = 16_384
"""Bytes that a file may have: whatever is longer is refused by the system (EFBIG).

Every database here is longer. What pytest captures of a test, in a file too, is shorter.
"""


class Disk:
    """This process's disk. No file can grow beyond a few pages while it is full."""

    def __init__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        """Let there be no room any more."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (NOTHING_MORE, self._before[1]))

    def free(self) -> None:
        """Let there be room again."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Be full for a while."""
        self.fill()
        try:
            yield
        finally:
            self.free()


class Log:
    """What was logged."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def keep(self, event: MutableMapping[str, Any]) -> None:
        """Take a line."""
        self.lines.append(dict(event))

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines about *event*."""
        return [line for line in list(self.lines) if line["event"] == event]


def wait_for(reached: Callable[[], object]) -> None:
    """Wait until something is so; not for ever."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < end, "it did not come to this"
        time.sleep(0.005)
