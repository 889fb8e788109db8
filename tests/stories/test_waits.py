"""Salesforce has no time for the bot: it waits, says so after a while, and goes on by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.backup.verify import verify
from sandbox.salesforce.service import DAILY_REQUESTS
from tests.bot.vendors.removal_bench import Instead
from tests.stories.site import HOUR, MINUTE
from tests.stories.stage import ANNA, Opening, Stage
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import State

ALWAYS = 1_000_000


class Trouble:
    """Something that every request meets from a moment on, until it is over."""

    def __init__(self, stage: Stage, kind: str) -> None:
        self._stage = stage
        self._kind = kind

    def begins(self) -> None:
        setup = self._stage.setup
        if self._kind == "limit":
            setup.org.requests = DAILY_REQUESTS
        else:
            setup.gate.answers.append(Instead(" /services", int(self._kind), "", times=ALWAYS))

    def ends(self) -> None:
        setup = self._stage.setup
        setup.org.requests = 0
        setup.gate.answers.clear()


KINDS = {
    "limit": "salesforce_request_limit",
    "429": "salesforce_unavailable",
    "503": "salesforce_unavailable",
}
DEPLOYS = "POST .*deployRequest$"


def waits(stage: Stage, kind: str) -> None:
    """Live through trouble that has begun: told once, asked gently, nothing given up."""
    span = HOUR if kind == "limit" else 6 * MINUTE
    stage.settle()
    asked = len(stage.wire.lines)
    stage.lives(span)
    assert [one.code for one in stage.happened(e.Blocked)] == [KINDS[kind]], "said once"
    assert stage.run.blocked is not None
    assert stage.effects("failed") == [], "nothing is given up"
    for told in (stage.told(of=e.Blocked), stage.question):
        assert ("come back within 24 hours" if kind == "limit" else "Wait some minutes") in told
    looks = len(stage.wire.lines) - asked
    minutes = span.total_seconds() / 60
    assert looks <= (3 * minutes / 15 if kind == "limit" else 30 * minutes)


def goes_on(stage: Stage) -> None:
    """Check that nobody had to press anything."""
    assert stage.happened(e.Recovered) or stage.run.state.final
    assert stage.run.blocked is None
    assert not stage.happened(e.Retried)
    assert not stage.happened(e.CheckRequested)


@pytest.mark.parametrize("kind", ["limit", "503"])
def test_while_the_package_is_watched(stage: Stage, kind: str) -> None:
    stage.to_removal(keep=True)
    trouble = Trouble(stage, kind)
    trouble.begins()
    waits(stage, kind)
    assert stage.asks(Ask.REMOVE_PACKAGE)
    trouble.ends()
    stage.lives(20 * MINUTE)
    goes_on(stage)
    stage.presses_uninstall()
    stage.until(lambda: stage.run.state is State.DATA_COPY_WINDOW)
    assert stage.proof("removal").kind == "verified"


@pytest.mark.parametrize("kind", ["limit", "429"])
def test_while_the_backup_is_made(stage: Stage, kind: str) -> None:
    stage.to_choice()
    trouble = Trouble(stage, kind)
    stage.wire.at("GET .*/results", trouble.begins)
    stage.does(ANNA, c.StartBackup())
    waits(stage, kind)
    assert stage.asks(Ask.WAIT_BACKUP)
    trouble.ends()
    stage.lives(20 * MINUTE)
    goes_on(stage)
    (made,) = stage.happened(e.BackupVerified)
    assert (made.backup.files, made.backup.rows) == (1, 12)
    assert verify(Path(made.backup.directory), made.backup.manifest_sha256) == []
    assert len(list(stage.settings.sunset_backups.iterdir())) == 1
    assert stage.wire.count("POST .*/jobs/query$") == 1


@pytest.mark.parametrize(
    ("kind", "asked"),
    [("limit", False), ("429", False), ("503", True)],
)
def test_while_the_bot_deploys(opens: Opening, kind: str, asked: bool) -> None:
    """The trouble begins before it asks, or when it has *asked* and follows the deployment."""
    stage = opens(package={"uninstall_seconds": 20})
    stage.to_removal(keep=False)
    trouble = Trouble(stage, kind)
    stage.wire.at(DEPLOYS, trouble.begins, skip=1, answered=asked)
    stage.does(ANNA, c.RemoveByBot())
    stage.until(lambda: stage.run.blocked is not None, most=100)
    waits(stage, kind)
    assert stage.asks(Ask.WAIT_REMOVAL)
    trouble.ends()
    stage.until(lambda: stage.run.state is State.COMPLETED, most=200)
    goes_on(stage)
    assert [row["Status"] for row in stage.setup.deployments()] == ["Succeeded"]
    assert len(stage.setup.deployments(check_only=True)) == 1
    assert stage.proof("removal").kind == "verified"
    assert not stage.happened(e.RemovalFailed)
