"""`sunset demo` as somebody starts it at a terminal: a process that prints the page's address."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
STOP_SECONDS = 20
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


@dataclass(frozen=True)
class Demo:
    """A rehearsal that runs: the page's address, and the lines it has printed so far."""

    address: str
    said: list[str]


@contextmanager
def demo() -> Iterator[Demo]:
    """Start the rehearsal; Ctrl-C must end it with status 0.

    Raises:
        RuntimeError: it printed no address, logged an error, or did not end as it should.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "demo"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
    )
    said: list[str] = []
    try:
        yield Demo(_address(process, said), said)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"the demo ended with status {process.returncode}:\n{''.join(said)}")
    complaints = [line for line in said if '"level": "error"' in line or "Traceback" in line]
    if complaints:
        raise RuntimeError("the demo logged errors:\n" + "".join(complaints))


def _address(process: subprocess.Popen[str], said: list[str]) -> str:
    output = process.stdout
    assert output is not None
    for line in output:
        said.append(line)
        found = _ADDRESS.search(line)
        if found is not None:
            # Whatever else it prints must not fill the pipe and stop it.
            threading.Thread(target=said.extend, args=(output,), daemon=True).start()
            return found[0]
    raise RuntimeError(f"the demo printed no address:\n{''.join(said)}")
