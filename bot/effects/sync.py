"""Evidence that the sync is quiet after a reported disconnect (P1; facts/hubspot.md)."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.effects.context import Context
from bot.errors import VendorError
from bot.store.base import QueuedEffect
from bot.worker import Again, Done
from workflows import commands as c
from workflows.run import Run
from workflows.states import State
from workflows.text import N_

SETTLE = timedelta(seconds=5)
"""What was under way when the button was pressed may still arrive for a moment."""
SOURCE = "HubSpot search: salesforcelastsynctime"


class SyncWatch:
    """Two readings, some minutes apart, that saw nothing new: a reasonable sign of silence."""

    def __init__(self, context: Context) -> None:
        self._x = context

    def watch(self, effects: list[QueuedEffect]) -> Done | Again:
        """Look once; the second quiet reading verifies, a later sync time refutes."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        if not _waiting(run) or run.disconnect_reported_at is None:
            return Done()
        try:
            last = self._x.hubspot.last_sync()
        except VendorError as error:
            if not error.missing:
                raise
            why = N_("HubSpot does not let the bot read when records were last synchronised.")
            return Done(commands=(c.RecordSyncUnreadable(why=why),))
        now = self._x.clock.now()
        if last is not None and last > run.disconnect_reported_at + SETTLE:
            reading = self._x.reading(SOURCE, N_("newest {newest}", newest=_iso(last)))
            return Done(commands=(c.RecordSyncRunning(reading=reading, last_sync=last),))
        first = _first_reading(effect, run)
        newest = _iso(last) if last else ""
        moved = first is not None and effect.memo["newest"] != newest
        if moved and effect.memo["moved"]:
            # It moved twice while nothing should: the bot's and HubSpot's clocks may differ.
            reading = self._x.reading(SOURCE, N_("newest {newest}, and moving", newest=newest))
            return Done(commands=(c.RecordSyncRunning(reading=reading, last_sync=last or now),))
        if first is None or moved:
            reported = run.disconnect_reported_at.isoformat()
            memo = {
                "reported": reported,
                "first": now.isoformat(),
                "newest": newest,
                "moved": moved,
            }
            return Again(self._x.settings.sunset_sync_quiet.total_seconds(), memo)
        left = self._x.settings.sunset_sync_quiet - (now - first)
        if left > timedelta(0):
            return Again(max(left.total_seconds(), 0.5), dict(effect.memo))
        read = {"first": _iso(first), "second": _iso(now)}
        if last is None:
            says = N_("never synchronised; read {first} and {second}", **read)
        else:
            says = N_("newest {newest}; read {first} and {second}", newest=_iso(last), **read)
        return Done(commands=(c.RecordSyncQuiet(reading=self._x.reading(SOURCE, says)),))


def _waiting(run: Run) -> bool:
    return run.state is State.DISCONNECTING and not run.disconnect_checked


def _first_reading(effect: QueuedEffect, run: Run) -> datetime | None:
    """Return the first quiet reading since this report (an earlier report's do not count)."""
    reported = run.disconnect_reported_at
    if reported is None or effect.memo.get("reported") != reported.isoformat():
        return None
    return datetime.fromisoformat(effect.memo["first"])


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
