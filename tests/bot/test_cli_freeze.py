"""The emergency brake: `sunset runs freeze` beside a running bot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.rig import GIVEN, Rig
from tests.workflows import journeys
from workflows import commands as c
from workflows import events as e


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.adopt(journeys.to_mapping())
    made.settle()
    yield made
    made.stop()


def sunset(rig: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, on the database of the running bot."""
    given = {name.upper(): value for name, value in GIVEN.items()}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *words],
        env={**os.environ, **given, "SUNSET_DATABASE": str(rig.path), "LOGNAME": "op"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.attack("access", "the command line beside a running bot")
def test_a_running_bot_stops_before_its_next_step(rig: Rig) -> None:
    said = sunset(rig, "runs", "freeze", "R1", "--reason", "Slack is gone <!channel>", "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert told["frozen"]
    assert told["by"].startswith("op@")
    assert rig.run.frozen, "the bot's own memory of the run is not in the way"
    rig.settle()
    frozen = rig.store.history("R1")[-1].recorded
    assert isinstance(frozen.event, e.Frozen)
    assert (frozen.actor.kind, frozen.actor.id) == ("console", told["by"])
    (notice,) = rig.slack.keyed(f":notice:{frozen.seq}")
    assert "&lt;!channel&gt;" in notice.text
    assert "<@op@" not in notice.text
    assert rig.store.problems("R1") == []
    assert rig.does("UA", c.Unfreeze())
    assert not rig.run.frozen


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("runs", "freeze", "R9", "--reason", "x"), 1),
        (("runs", "freeze", "R1"), 2),
        (("runs", "freeze", "R1", "--reason", "x" * 2_001), 2),
        (("runs", "unfreeze", "R1"), 2),
        (("runs", "approve", "R1"), 2),
    ],
)
def test_nothing_else_is_done(rig: Rig, words: tuple[str, ...], status: int) -> None:
    before = rig.run.version
    said = sunset(rig, *words)
    assert said.returncode == status
    assert "Traceback" not in said.stderr
    assert rig.run.version == before


def test_a_frozen_run_is_frozen_already(rig: Rig) -> None:
    rig.does("UA", c.Freeze())
    said = sunset(rig, "runs", "freeze", "R1", "--reason", "x")
    assert said.returncode == 1
    assert "frozen" in said.stderr
