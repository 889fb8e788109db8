"""The sandbox and the apps as processes of their own, as they run in earnest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.client import Page

STOP_SECONDS = 20.0
CONNECT_SECONDS = 30.0
LOOK_SECONDS = 0.02
"""Looking costs time that the app needs on a small machine."""
SETTINGS = ("SLACK_", "HUBSPOT_", "SALESFORCE_", "SUNSET_", "SANDBOX_")
SUNSET = ("-m", "bot", "run")
BARE = ("-m", "bench.bare")
READY = "ready"


class Failed(Exception):
    """A process did not do what the benchmark needs; the text shows the end of its log."""


class AppProcess:
    """An app that was started; its log is followed as it is written."""

    def __init__(self, process: subprocess.Popen[str], started: float, log: Path) -> None:
        self.process = process
        self.started = started
        self._log = log
        self._lines: list[tuple[float, str]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._log.open("w", encoding="utf-8") as log:
            for line in self.process.stderr or ():
                self._lines.append((time.perf_counter(), line))
                log.write(line)

    def said(self, text: str) -> float | None:
        """Return the seconds from the start until a log line held *text*, if one did."""
        at = next((at for at, line in list(self._lines) if text in line), None)
        return None if at is None else at - self.started

    def lines(self) -> list[str]:
        """Return what it has logged so far."""
        return [line for _, line in list(self._lines)]

    def ready(self) -> bool:
        """Say whether it has logged that it is ready."""
        return self.said(READY) is not None

    def tail(self) -> str:
        """Return the end of the log."""
        return "".join(line for _, line in self._lines[-15:])

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until *condition* holds (:class:`Failed` if it does not within *seconds*)."""
        deadline = time.perf_counter() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise Failed(f"It ended before {what}:\n{self.tail()}")
            if time.perf_counter() > deadline:
                raise Failed(f"{what} did not come within {seconds:g} s:\n{self.tail()}")
            time.sleep(LOOK_SECONDS)

    def resident(self) -> int:
        """Return its resident memory in kibibytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1])

    def processor(self) -> float:
        """Return the seconds of computing time that it has used."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = times.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ask it to end, as an operator would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()


@contextmanager
def serving(command: Sequence[str], ready: str) -> Iterator[tuple[dict[str, str], int]]:
    """Start a program that serves until its input ends; yield what it printed, and its process id.

    It prints NAME=value lines; *ready* is the last one's name.
    """
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told: dict[str, str] = {}
    try:
        for line in process.stdout:
            name, _, value = line.strip().partition("=")
            told[name] = value
            if name == ready:
                break
        else:
            raise Failed("It did not start; what it said stands above.")
        yield told, process.pid
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def sandbox(scenario: Path | None = None) -> Iterator[dict[str, str]]:
    """Start the three services; yield what they print as NAME=value."""
    command = [sys.executable, "-m", "sandbox", "--until-stdin-closes"]
    if scenario is not None:
        command += ["--scenario", str(scenario)]
    with serving(command, "SANDBOX_READY") as (told, _):
        yield told


@contextmanager
def app(
    arguments: tuple[str, ...], settings: Mapping[str, str], directory: Path, name: str
) -> Iterator[AppProcess]:
    """Start an app with nothing but *settings*; stop it at the end."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(SETTINGS)}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=kept | dict(settings),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    running = AppProcess(process, started, directory / f"{name}.log")
    try:
        yield running
    finally:
        running.stop()


def wait_connected(running: AppProcess, page: Page) -> float:
    """Wait until the sandbox sees the app's socket; return the seconds since the app's start."""
    running.wait_for(
        lambda: bool(page.state()["bot"]["connected"]), "its connection", CONNECT_SECONDS
    )
    return time.perf_counter() - running.started


def settings_of(told: Mapping[str, str], database: Path) -> dict[str, str]:
    """Return the settings of an app for the sandbox that printed *told*."""
    return {**told, "SUNSET_DATABASE": str(database)}
