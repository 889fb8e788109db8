"""Counting calls so that no rolling window of HubSpot's ever sees more than its limit.

HubSpot counts a call somewhere between the moment it leaves and the moment its answer comes. So a
call holds its slot from when it is let go until one interval after its answer. All calls that
HubSpot counted in one interval held their slots together at the time of the last of them: while no
more slots than the limit are held, HubSpot never sees more calls than that, and a margin is not
needed. Pure: the time is an argument.
"""

from __future__ import annotations

from collections import deque


class Window:
    """At most ``limit`` calls in any ``interval`` seconds."""

    def __init__(self, limit: int, interval: float) -> None:
        self.limit = limit
        self.interval = interval
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._freed = 0
        self._closed_until = float("-inf")

    @property
    def held(self) -> int:
        """The slots that are held."""
        return self._under_way + len(self._ended)

    def wait(self, now: float, calls: int = 1) -> float | None:
        """Return the seconds until *calls* may leave together: 0 is now, None when nobody can tell.

        Nobody can tell while too many calls are under way: ask again when one has ended. More
        calls than the limit leave when no slot is held at all.
        """
        self._forget(now)
        closed = max(self._closed_until - now, 0.0)
        over = min(self.held + calls - self.limit, self.held)
        if over <= 0:
            return closed
        if over > len(self._ended):
            return None
        return max(closed, self._ended[over - 1] + self.interval - now)

    def start(self, calls: int = 1) -> None:
        """Hold slots for *calls* that leave now."""
        self._under_way += calls

    def end(self, now: float) -> None:
        """Note that a call was answered, or lost."""
        self._under_way -= 1
        self._ended.append(now)

    def give_back(self, calls: int) -> None:
        """Free the slots of *calls* that were never sent."""
        self._under_way -= calls

    def mark(self, now: float) -> int:
        """Return a mark of this moment for :meth:`learn`."""
        self._forget(now)
        return self._freed

    def learn(self, now: float, remaining: int, mark: int) -> None:
        """Take in that HubSpot has *remaining* calls left, after a call that left at *mark*.

        Every call of ours that HubSpot may have counted held its slot at some time since then.
        What HubSpot counts beyond these are calls of others (or kinds of calls that we believed
        uncounted): they hold slots as if they had ended now.
        """
        self._forget(now)
        ours = self.held + self._freed - mark
        for _ in range(self.limit - remaining - ours):
            self._ended.append(now)

    def close(self, until: float) -> None:
        """Let nothing leave before *until*."""
        self._closed_until = max(self._closed_until, until)

    def _forget(self, now: float) -> None:
        # The same sum as in wait(): a wait of zero and a free slot are then the same thing.
        while self._ended and self._ended[0] + self.interval <= now:
            self._ended.popleft()
            self._freed += 1
