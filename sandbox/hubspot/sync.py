"""The Salesforce sync, as far as HubSpot's data shows it.

Nothing runs in the background: :meth:`Sync.catch_up` does what the sync would have done by now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sandbox.clock import Clock
from sandbox.hubspot.history import SALESFORCE
from sandbox.hubspot.records import Table
from sandbox.hubspot.schema import OWNER, SYNC

TICK = 1.0
RECORDS_PER_TICK = 2
MAX_TICKS_AT_ONCE = 3  # after a jump of the clock only the last ones leave a trace anyway


class Sync:
    """Touches a few records a second while connected, and undoes owners Salesforce rejects."""

    def __init__(
        self, clock: Clock, tables: list[Table], known: Callable[[str | None], bool]
    ) -> None:
        self._clock = clock
        self._tables = [table for table in tables if table.schema.synced]
        self._known = known
        self._next_tick = clock.timestamp()
        self._turn = 0
        self._resets: deque[tuple[float, Table, int, str | None]] = deque()
        self.connected = True
        self.last: int | None = None

    def owner_changed(self, table: Table, key: int, old: str | None) -> None:
        """Note that the owner of a record was *old*; one unknown to Salesforce will be undone."""
        if self.connected and table in self._tables and not self._known(table.owner_of(key)):
            self._resets.append((self._clock.timestamp() + TICK, table, key, old))

    def stop(self) -> None:
        """Disconnect: nothing moves any more."""
        self.catch_up()
        self.connected = False
        self._resets.clear()

    def catch_up(self) -> None:
        """Do what the sync would have done until now."""
        if not self.connected:
            return
        now = self._clock.timestamp()
        while self._resets and self._resets[0][0] <= now:
            _, table, key, old = self._resets.popleft()
            if table.find(key) == key and not self._known(table.owner_of(key)):
                self._touch(table, key, now, {OWNER: old})
        self._next_tick = max(self._next_tick, now - MAX_TICKS_AT_ONCE * TICK)
        while self._next_tick <= now:
            for table in self._tables:
                self._touch_some(table, self._next_tick)
            self._next_tick += TICK

    def _touch_some(self, table: Table, at: float) -> None:
        for _ in range(min(RECORDS_PER_TICK, table.size)):
            self._turn += 1
            key = table.find(table.nth(self._turn * 17))
            if key is not None:
                self._touch(table, key, at, {})

    def _touch(self, table: Table, key: int, at: float, changes: dict[str, str | None]) -> None:
        self.last = max(self.last or 0, int(at * 1000))
        table.write((key,), {**changes, SYNC: int(at * 1000)}, SALESFORCE)
