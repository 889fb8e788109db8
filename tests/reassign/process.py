"""The bot as a process of its own, to be killed: it works until its job is over."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path

import structlog

from bot.clocks import SystemClock
from tests.reassign.stage import Stage, hurry, is_over, put_together, rest

_CONTEXT = multiprocessing.get_context("forkserver")
# What takes long to import; the processes that are started are forks of one that has it.
_CONTEXT.set_forkserver_preload(
    ["bench.quiet", "bot.program", "hubspot", "hypothesis", "sandbox.servers", "uvicorn"]
)
END_SECONDS = 30.0


def work(database: Path, url: str, token: str) -> None:
    """Go on with what the database says is to be done, until it is done."""

    def drop(*_: object) -> str:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])
    hurry()
    bot = put_together(database, url, token, SystemClock())
    bot.worker.start()
    while not is_over(bot.run):
        rest(bot)
    bot.close()


class Process:
    """One start of the program."""

    def __init__(self, stage: Stage) -> None:
        settings = stage.bot.parts.settings
        self._process: BaseProcess = _CONTEXT.Process(
            target=work,
            args=(settings.sunset_database, stage.url, stage.world.scenario.account.token),
        )
        self._process.start()

    def kill(self) -> None:
        """End it without a word."""
        pid = self._process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def ended(self) -> int:
        """Wait for its end and return its exit code."""
        self._process.join(END_SECONDS)
        code = self._process.exitcode
        if code is None:
            self.kill()
            self._process.join()
        assert code is not None, "it went on for too long"
        return code


def killed_at(stage: Stage, what: str, when: str, nth: int) -> None:
    """Start the program, and kill it at the *nth* call of a kind."""
    started: list[Process] = []

    def kill() -> None:
        started[0].kill()

    done = stage.witness.soon(what, when, nth, kill)
    started.append(process := Process(stage))
    assert process.ended() == -signal.SIGKILL
    assert done.wait(1)
    stage.witness.wait_for_silence()


def worked_to_the_end(stage: Stage) -> None:
    """Start the program and let it work until the job is over."""
    assert Process(stage).ended() == 0
