"""The real program as processes: the sandbox, the bot, and the people who walk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.client import Page

ROOT = Path(__file__).parents[2]
OURS = ("SLACK_", "HUBSPOT_", "SALESFORCE_", "SUNSET_", "SANDBOX_")
STOP_SECONDS = 30
WALK_SECONDS = 400


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that takes no settings from this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


@dataclass
class Ended:
    """A process that has ended: its status, and everything that it printed."""

    status: int
    said: str


@dataclass
class Started:
    """A process that runs; `told` is what it printed until it was ready, as NAME -> value."""

    process: subprocess.Popen[str]
    told: dict[str, str]
    said: Path

    def stop(self, number: int = signal.SIGTERM) -> Ended:
        self.process.send_signal(number)
        return Ended(self.process.wait(STOP_SECONDS), self.said.read_text(encoding="utf-8"))


class Programs:
    """Starts processes in a directory of their own."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack

    def run(self, command: list[str], **settings: str) -> Ended:
        """Run a command to its end."""
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WALK_SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def start(
        self, command: list[str], ready: Callable[[dict[str, str], str], bool], **settings: str
    ) -> Started:
        """Start a command; return when *ready* says so of what it told, and of its last line."""
        said = self.directory / f"{command[2]}.log"
        process = self._stack.enter_context(_process(command, self.directory, said, settings))
        told: dict[str, str] = {}
        lines: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            name, _, value = line.strip().partition("=")
            told[name] = value
            if ready(told, line):
                return Started(process, told, said)
        pytest.fail(f"{command} ended with {process.wait()}:\n{''.join(lines)}{said.read_text()}")

    def sandbox(self, scenario: str) -> Started:
        """Start the sandbox; it tells the bot's settings."""
        command = python("sandbox", "--scenario", scenario)
        return self.start(command, lambda told, _: "SANDBOX_READY" in told)

    def bot(self, sandbox: Started) -> tuple[subprocess.Popen[str], dict[str, str]]:
        """Start the bot against *sandbox*; return it with its settings."""
        settings = {
            name: value for name, value in sandbox.told.items() if not name.startswith("SANDBOX_")
        } | {"SUNSET_DATABASE": str(self.directory / "sunset.db")}
        said = self.directory / "bot.log"
        process = self._stack.enter_context(
            _process(python("bot.cli", "run"), self.directory, said, settings)
        )
        return process, settings

    def walk(self, page: str, *arguments: str) -> Ended:
        """Let the people walk."""
        return self.run(python("sandbox.walk", "--page", page, *arguments))

    def rehearse(self, *arguments: str) -> Ended:
        """Run `sunset demo --auto`."""
        return self.run(python("bot.cli", "demo", "--auto", *arguments))


@contextmanager
def _process(
    command: list[str], directory: Path, said: Path, settings: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with said.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with ExitStack() as stack:
        yield Programs(tmp_path, stack)


@pytest.fixture
def page(programs: Programs) -> Iterator[Page]:
    """A tidy company without a bot."""
    found = Page(programs.sandbox("tidy").told["SANDBOX_PAGE"])
    yield found
    found.close()
