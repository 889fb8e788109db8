"""The bot as a process that kills itself at failpoints, and is started again each time.

The processes are forks of one that has everything imported: a start costs a fraction of a second.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from time import time
from typing import Any
from unittest.mock import patch

import structlog

from bot import cli, failpoints, logs, program, worker
from bot.effects import owners, package, reassignment, removal
from bot.reassign import batch
from bot.settings import load_settings
from bot.vendors.patience import Patience

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.death.warm"])
END_SECONDS = 30.0
_REAPING = threading.Lock()


class SharedClock:
    """The machine's clock plus an offset in seconds that the stage moves."""

    def __init__(self, offset: Synchronized[float]) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """Return the present time of the sandbox in UTC."""
        return datetime.fromtimestamp(time() + self._offset.value, UTC)


class Witness:
    """Writes down which failpoints are reached, as often as they are; nobody dies."""

    def __init__(self, told: Path) -> None:
        self._told = told

    def __call__(self, names: frozenset[str]) -> None:
        with _REAPING:
            self._write(names)

    def _write(self, names: frozenset[str]) -> None:
        with self._told.open("a", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in sorted(names))


class Reaper(Witness):
    """Kills its own process at every failpoint that is not *spared*, and writes down at which."""

    def __init__(self, told: Path, spared: frozenset[str]) -> None:
        super().__init__(told)
        self._spared = spared

    def __call__(self, names: frozenset[str]) -> None:
        with _REAPING:
            if due := names - self._spared:
                self._die(due)

    def _die(self, names: frozenset[str]) -> None:
        self._write(names)
        os.kill(os.getpid(), signal.SIGKILL)


class Later(Reaper):
    """Kills its own process when one failpoint is reached for the *number*-th time."""

    def __init__(self, told: Path, name: str, number: int) -> None:
        super().__init__(told, frozenset())
        self._name = name
        self._left = number

    def __call__(self, names: frozenset[str]) -> None:
        with _REAPING:
            if self._name in names:
                self._left -= 1
                if not self._left:
                    self._die(frozenset({self._name}))


Fate = Callable[[Path, frozenset[str]], Witness | None]
"""Makes what stands at the failpoints, from the file and the names at which it was killed."""


def immortal(_told: Path, _killed: frozenset[str]) -> None:
    """Let the bot live."""


def witnessed(told: Path, _killed: frozenset[str]) -> Witness:
    """Let the bot live, and see which failpoints it reaches."""
    return Witness(told)


def live(settings: Mapping[str, Any], offset: Synchronized[float], reaper: Witness | None) -> None:
    """Be the bot until a signal comes or a failpoint kills."""

    def quiet(*_: object) -> None:
        logging.disable(logging.CRITICAL)
        structlog.configure(processors=[_drop])

    patch.object(logs, "configure_logs", quiet).start()
    # It does not live long enough to gather much.
    gc.disable()
    hurry()
    if reaper is not None:
        failpoints.arm(reaper)
    cli.serve(load_settings(env_file=None, **settings), SharedClock(offset))


def hurry() -> None:
    """Let the bot's pauses be short: what is tried is when it dies, not how long it waits."""
    patch.object(program, "LOOK_SECONDS", 0.5).start()
    patch.object(program, "TICK_SECONDS", 0.2).start()
    owners.INDEX_LAG_SECONDS = 0.4
    package.SECOND_LOOK = 0.2
    reassignment.LOOK_SECONDS = 0.2
    removal.DEPLOY_PAUSE = 0.2
    removal.LOOK_PAUSE = 0.3
    worker.LONGEST_PAUSE = 0.3
    batch.FIRST_PAUSE = batch.LONGEST_PAUSE = 0.05
    patch.object(Patience, "_pause", lambda *_: 0.05).start()


def _drop(*_: object) -> str:
    raise structlog.DropEvent


class Mortal:
    """The bot, started again whenever it was killed."""

    def __init__(self, settings: Mapping[str, Any], told: Path, fate: Fate = immortal) -> None:
        self.offset: Synchronized[float] = _CONTEXT.Value("d", 0.0)
        self.deaths = 0
        self.wrong = ""
        self._settings = settings
        self._told = told
        self._told.touch()
        self._fate = fate
        self._ending = threading.Event()
        self._process: BaseProcess | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._live, name="mortal", daemon=True)

    def start(self) -> None:
        """Start the bot, and begin to watch over it."""
        self._thread.start()

    def told(self) -> list[str]:
        """Return the failpoints that were written down, in their order."""
        return self._told.read_text(encoding="utf-8").split()

    def killed(self) -> frozenset[str]:
        """Return the failpoints at which it was killed so far."""
        return frozenset(self.told())

    def stop(self) -> None:
        """End the bot as an operator does; it must end well."""
        with self._lock:
            self._ending.set()
            if self._process is not None and self._process.is_alive():
                self._process.terminate()
        self._thread.join(END_SECONDS)
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self.wrong = "it did not end when it was told to"

    def kill(self) -> None:
        """Kill it from outside; it is started again."""
        with self._lock:
            if self._process is not None and self._process.is_alive():
                self._process.kill()

    def _live(self) -> None:
        while not self._ending.is_set():
            with self._lock:
                if self._ending.is_set():
                    return
                reaper = self._fate(self._told, self.killed())
                self._process = _CONTEXT.Process(
                    target=live, args=(self._settings, self.offset, reaper)
                )
                self._process.start()
            self._process.join()
            if self._process.exitcode == -signal.SIGKILL:
                self.deaths += 1
            elif not self._ending.is_set() or self._process.exitcode:
                self.wrong = f"it ended by itself with {self._process.exitcode}"
                return
