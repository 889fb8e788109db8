"""How things stand, for Prometheus: looked up when it asks, and counted nowhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.engine import Engine
from bot.ports import HubSpotPort
from bot.store.base import Store
from workflows.errors import SunsetError
from workflows.states import State


class Standing(Collector):
    """Runs, what is late, and what is left of the day's calls."""

    def __init__(
        self, store: Store, engine: Engine, hubspot: HubSpotPort, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._engine = engine
        self._hubspot = hubspot
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without looking anything up."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """Look everything up; where the database cannot be read, what is left is told."""
        runs, frozen, late, waiting, left, limit = found = self._families()
        try:
            self._look(runs, frozen, late, waiting)
        except SunsetError:
            return [left, limit] if self._limits(left, limit) else []
        self._limits(left, limit)
        return found

    def _families(self) -> tuple[GaugeMetricFamily, ...]:
        return (
            GaugeMetricFamily("sunset_runs", "Runs by state.", labels=("state",)),
            GaugeMetricFamily(
                "sunset_runs_held", "Active runs by why they do not go on.", labels=("why",)
            ),
            GaugeMetricFamily(
                "sunset_timers_late_seconds", "How late the latest timer is; 0: none."
            ),
            GaugeMetricFamily(
                "sunset_effects_late_seconds", "How long work outside has been due; 0: none is."
            ),
            GaugeMetricFamily(
                "sunset_hubspot_daily_calls_left", "Calls to HubSpot that are left today."
            ),
            GaugeMetricFamily("sunset_hubspot_daily_calls_limit", "Calls to HubSpot a day."),
        )

    def _look(
        self,
        runs: GaugeMetricFamily,
        held: GaugeMetricFamily,
        late: GaugeMetricFamily,
        waiting: GaugeMetricFamily,
    ) -> None:
        known = self._engine.runs()
        tally = Counter(run.state for run in known)
        for state in State:
            runs.add_metric([state.value], tally[state])
        active = [run for run in known if not run.state.final]
        held.add_metric(["frozen"], sum(run.frozen for run in active))
        held.add_metric(["blocked"], sum(run.blocked is not None for run in active))
        now = self._now()
        due = [timer.due for one in self._store.due_timers(now) for timer in one.timers]
        late.add_metric([], max(0.0, (now - min(due, default=now)).total_seconds()))
        next_due = self._store.next_due()
        waiting.add_metric([], max(0.0, time.time() - next_due) if next_due is not None else 0.0)

    def _limits(self, left: GaugeMetricFamily, limit: GaugeMetricFamily) -> bool:
        usage = self._hubspot.known_usage()
        if usage is None:
            return False
        left.add_metric([], max(0, usage.limit - usage.used))
        limit.add_metric([], usage.limit)
        return True
