"""How far a run's work is: kept in the database, shown in the thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.effects.context import Context
from handlers.ports import Progress
from workflows.effects import Effect

SAVE_EVERY = 1.0
SHOW_EVERY = 3.0
"""Seconds between two refreshes of the thread's message: Slack limits how often one is edited."""


class Telling:
    """Tells how far one run's work is. One for each run: its pauses hold across executions."""

    def __init__(
        self, context: Context, run_id: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._x = context
        self._run_id = run_id
        self._clock = clock
        self._saved = self._shown = float("-inf")

    def tell(self, progress: Progress, *, now: bool = False) -> None:
        """Save where it is time to, or *now*; refresh the message where it is time to."""
        at = self._clock()
        if now or at - self._saved >= SAVE_EVERY:
            self._saved = at
            self.save(progress)
        if at - self._shown >= SHOW_EVERY:
            self._shown = at
            self.show()

    def save(self, progress: Progress) -> None:
        """Keep *progress* for whoever asks, here and after a restart."""
        self._x.engine.board.jobs[self._run_id] = progress
        self._x.store.write(lambda transaction: transaction.save_progress(self._run_id, progress))

    def show(self) -> None:
        """Refresh the message in the thread; the work does not wait for Slack."""
        run = self._x.run(self._run_id)
        version = run.prompt_version
        refresh = Effect(
            kind="prompt", key=f"prompt:{version}", lane="thread", data={"version": version}
        )
        self._x.store.write(
            lambda transaction: transaction.add_effects(
                self._run_id, run.version, [refresh], time.time()
            )
        )
        self._x.engine.committed()
