"""Targets must be active HubSpot owners when records are written, not only when chosen."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from bot.errors import VendorError
from bot.owners import OwnerList
from workflows.errors import SunsetError
from workflows.text import N_
from workflows.values import Owner

EVERY_SECONDS = 30.0
JOIN_SECONDS = 1.0


class TargetWatch:
    """Looks before the first write, every half minute, and when records are refused.

    It waits for the limits in a thread of its own, so that the job does not.
    """

    def __init__(self, owners: OwnerList, targets: Iterable[Owner]) -> None:
        self._owners = owners
        self._targets = tuple(targets)
        self._look_now = threading.Event()
        self._ended = threading.Event()
        self._failure: SunsetError | None = None
        self._thread = threading.Thread(target=self._run, name="reassign-targets", daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._look_now.set()
        self._thread.join(JOIN_SECONDS)

    def suspect(self) -> None:
        """Look soon: records were refused, and a target may be the reason."""
        self._look_now.set()

    def check(self) -> None:
        """Raise :class:`SunsetError` ``target_inactive`` if somebody was found to be inactive."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while not self._ended.is_set() and self._failure is None:
            self._look_now.wait(EVERY_SECONDS)
            self._look_now.clear()
            if self._ended.is_set():
                return
            try:
                self._look()
            except VendorError:
                # The job meets the same trouble, and says so.
                continue
            except SunsetError as error:
                self._failure = error

    def _look(self) -> None:
        self._owners.refresh()
        for target in self._targets:
            if self._owners.get(target.id) is None:
                raise SunsetError(
                    "target_inactive",
                    N_("{name} is no longer an active HubSpot owner.", name=target.label),
                    N_("Stop the job, then choose other owners."),
                )
