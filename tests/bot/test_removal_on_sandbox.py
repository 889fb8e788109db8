"""The removal by the bot with the real client, over TLS, against the sandbox's Salesforce.

Time is the test's own: the org's clock follows the bot's, deployments end at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from bot.effects.removal import FRESH
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_bulk import bulk_of
from sandbox.clock import Clock
from sandbox.salesforce.tls import Certificate, certificate
from tests.bot.faults import Death, FakeClock, Killed
from tests.bot.removals import ends, passes, ready, rehearsed, starts
from tests.bot.rig import Rig
from tests.bot.vendors.faults import fault
from tests.bot.vendors.removal_bench import DEPLOY, Instead, Yard, yard
from workflows import commands as c
from workflows import events as e

OLD_PAGE = {"type": "Layout", "name": "Lead Layout", "refers_to": "HubSpotLeadIntel"}
AT_ONCE = {"objects": {"Favorite": 5}, "uninstall_seconds": 0}


class Following(Clock):
    """The sandbox's clock, set by the bot's."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def timestamp(self) -> float:
        return self._clock.now().timestamp()


class Mortal:
    """Salesforce's adapter; the process may be killed before or after one of its calls."""

    def __init__(self, salesforce: Salesforce, death: Death) -> None:
        self._salesforce = salesforce
        self._death = death
        self.deadly: Callable[[str, dict[str, Any]], bool] = lambda *_: False
        self.applied = False

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, name)

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self._death.happened:
            raise Killed
        deadly = self.deadly(name, kwargs)
        if deadly and not self.applied:
            self._death.happened = True
            raise Killed
        answer = getattr(self._salesforce, name)(*args, **kwargs)
        if deadly:
            self._death.happened = True
            raise Killed
        return answer


class Stage:
    """A bot whose run is ready for the removal, and the org with its package."""

    def __init__(self, rig: Rig, org: Yard) -> None:
        self.rig, self.org = rig, org
        org.world.clock = Following(rig.clock)
        rig.stop()
        self.salesforce = Mortal(org.salesforce, rig.death)
        rig.salesforce = cast(Any, self.salesforce)
        rig.package_data = cast(Any, bulk_of(org.salesforce))
        rig.start()
        rig.adopt(ready(org.salesforce.inventory()))
        rig.settle()
        org.pauses.clear()

    def kinds(self) -> list[bool]:
        """Return for each deployment that the org took whether it was check-only."""
        return [row["CheckOnly"] for row in self.org.org.deployments.rows()]

    def done(self) -> None:
        """Let it come to its end, and see that the org has removed the package once."""
        ends(self.rig)
        assert self.kinds().count(False) == 1
        assert self.org.org.package.installed is False

    def happens(self, kind: type[e.Event]) -> Any:
        """Let the bot work until this has happened; return it."""
        self.rig.until(lambda: self.rig.happened(kind))
        return self.rig.happened(kind)[-1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, rig: Rig, files: Certificate
) -> Iterator[Stage]:
    parts = {"package": AT_ONCE, **getattr(request, "param", {})}
    with yard(files, **parts) as org:
        yield Stage(rig, org)
        rig.stop()


def second_deploy(act: Callable[[], None]) -> Callable[[str], None]:
    """Do *act* right before the deployment that is not the rehearsal."""
    seen = 0

    def before(request: str) -> None:
        nonlocal seen
        if re.search(DEPLOY, request):
            seen += 1
            if seen == 2:
                act()

    return before


def blocked_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what blocks the package be there only after the rehearsal."""
    package, posted = stage.org.org.package, stage.org.gate.posted
    found = package.reported
    monkeypatch.setattr(package, "reported", lambda: found() if len(posted) > 1 else [])


def test_it_is_rehearsed_and_removed(stage: Stage) -> None:
    starts(stage.rig)
    stage.done()
    assert stage.kinds() == [True, False]
    event = rehearsed(stage.rig)
    assert event.outcome == "passed"
    assert event.reference == stage.org.rows(check_only=True)[0]["Id"]
    first, second = stage.org.gate.posted
    assert first.zip == second.zip
    assert b'"purgeOnDelete": false' in second.body
    assert stage.rig.run.evidence["removal"].kind == "verified"


@pytest.mark.parametrize("stage", [{"package": {**AT_ONCE, "blockers": [OLD_PAGE]}}], indirect=True)
def test_a_rehearsal_that_fails(stage: Stage) -> None:
    starts(stage.rig)
    failed = stage.happens(e.RemovalFailed)
    assert failed.rehearsal
    (problem,) = failed.problems
    assert (problem.type, problem.name) == ("Layout", "Lead Layout")
    assert "take the package's part off it" in str(problem.advice)
    assert stage.kinds() == [True]
    stage.org.org.package.resolve("B1")
    starts(stage.rig)
    stage.done()
    assert stage.kinds() == [True, True, False]


@pytest.mark.parametrize("stage", [{"package": {**AT_ONCE, "blockers": [OLD_PAGE]}}], indirect=True)
def test_a_deployment_that_fails_after_its_rehearsal_passed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked_later(stage, monkeypatch)
    starts(stage.rig)
    failed = stage.happens(e.RemovalFailed)
    assert not failed.rehearsal
    assert failed.reference == stage.org.rows(check_only=False)[0]["Id"]
    assert [problem.name for problem in failed.problems] == ["Lead Layout"]
    assert stage.kinds() == [True, False]
    assert stage.org.org.package.installed


@pytest.mark.parametrize(
    "stage",
    [{"salesforce": {"check_only": "refused"}}, {"salesforce": {"check_only": "fails"}}],
    ids=["refused", "fails"],
    indirect=True,
)
def test_an_org_that_does_not_rehearse(stage: Stage) -> None:
    starts(stage.rig)
    stage.done()
    event = rehearsed(stage.rig)
    assert event.outcome == "not_possible"
    assert "not supported in a checkOnly deployment" in event.why


def test_a_right_that_is_missing(stage: Stage) -> None:
    stage.org.change(may_use_metadata=False)
    starts(stage.rig)
    blocked = stage.happens(e.Blocked)
    assert blocked.code == "salesforce_forbidden"
    assert stage.kinds() == []
    stage.org.change(may_use_metadata=True)
    stage.rig.does("UA", c.Retry())
    stage.done()


def test_a_package_that_somebody_removes_before_the_deployment(stage: Stage) -> None:
    stage.org.gate.before = second_deploy(stage.org.org.package.remove_now)
    starts(stage.rig)
    ends(stage.rig)
    assert stage.kinds() == [True, False]
    (row,) = stage.org.rows(check_only=False)
    assert row["Status"] == "Failed"
    assert not stage.rig.happened(e.RemovalFailed)
    assert stage.rig.run.evidence["removal"].kind == "verified"


def more_records(stage: Stage) -> None:
    objects = stage.org.org.package.contents.objects
    objects["HubSpot_Inc__Favorite__c"] += 1


def test_an_inventory_that_changed_after_approval(stage: Stage) -> None:
    more_records(stage)
    starts(stage.rig)
    stage.happens(e.InventoryChanged)
    passes(stage.rig, timedelta(minutes=3), timedelta(minutes=1))
    assert stage.kinds() == []
    assert stage.org.gate.posted == []


def test_an_inventory_that_changed_during_a_long_rehearsal(stage: Stage) -> None:
    seconds = stage.org.world.scenario.package
    longer = seconds.model_copy(update={"uninstall_seconds": 60})
    stage.org.world.scenario = stage.org.world.scenario.model_copy(update={"package": longer})
    starts(stage.rig)
    stage.rig.until(lambda: stage.kinds() == [True])
    more_records(stage)
    stage.rig.advance(2 * FRESH)
    assert stage.kinds() == [True]
    for deployment in stage.org.org.deployments._all.values():
        deployment.due = 0
    stage.happens(e.InventoryChanged)
    passes(stage.rig, timedelta(minutes=3), timedelta(minutes=1))
    assert stage.kinds() == [True]


# --- lost replies --------------------------------------------------------------------------------


def late_list(stage: Stage, monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    """Let the list show the deployment only at the look after so many."""
    rows = stage.org.org.tooling._deployments
    left = looks

    def late() -> list[dict[str, Any]]:
        nonlocal left
        found = rows()
        if left and any(not row["CheckOnly"] for row in found):
            left -= 1
            return []
        return found

    monkeypatch.setattr(stage.org.org.tooling, "_deployments", late)


@pytest.mark.parametrize("looks", [0, 4], ids=["", "listed late"])
@pytest.mark.parametrize("which", [0, 1], ids=["rehearsal", "deployment"])
def test_one_that_succeeds_with_its_reply_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, which: int, looks: int
) -> None:
    late_list(stage, monkeypatch, looks)
    fault(stage.org.world, "salesforce", DEPLOY, "lost_reply", after=which)
    starts(stage.rig)
    stage.done()
    assert stage.kinds() == [True, False]
    assert len(stage.org.gate.posted) == 2


@pytest.mark.parametrize("looks", [0, 4], ids=["", "listed late"])
@pytest.mark.parametrize("stage", [{"package": {**AT_ONCE, "blockers": [OLD_PAGE]}}], indirect=True)
def test_one_that_fails_with_its_reply_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    blocked_later(stage, monkeypatch)
    late_list(stage, monkeypatch, looks)
    fault(stage.org.world, "salesforce", DEPLOY, "lost_reply", after=1)
    starts(stage.rig)
    failed = stage.happens(e.RemovalFailed)
    assert failed.reference == stage.org.rows(check_only=False)[0]["Id"]
    assert stage.kinds() == [True, False]


@pytest.mark.parametrize(
    ("which", "answer"),
    [
        (0, Instead(DEPLOY, 503, applied=True)),
        (0, Instead(DEPLOY, 200)),
        (1, Instead(DEPLOY, 503)),
        (1, Instead(DEPLOY, 503, "", {"Retry-After": "120"}, applied=True)),
        (1, Instead(DEPLOY, 200, applied=True)),
        (1, Instead(DEPLOY, 429)),
        (1, Instead(DEPLOY, 429, "", {"Retry-After": "120"})),
    ],
)
def test_an_answer_that_tells_nothing(stage: Stage, which: int, answer: Instead) -> None:
    stage.org.gate.before = armed(stage, replace(answer), which)
    starts(stage.rig)
    stage.done()
    assert stage.kinds() == [True, False]


def armed(stage: Stage, answer: Instead, which: int) -> Callable[[str], None]:
    """Let *answer* come in place of the first (0) or the second (1) deployment's."""
    seen = 0

    def before(request: str) -> None:
        nonlocal seen
        if re.search(DEPLOY, request):
            if seen == which:
                stage.org.gate.answers.append(answer)
            seen += 1

    return before


@pytest.mark.parametrize("status", [429, 500])
def test_a_lookup_that_fails_too(stage: Stage, status: int) -> None:
    fault(stage.org.world, "salesforce", DEPLOY, "lost_reply", after=1)
    lookup = Instead("tooling/query", status, times=0)
    stage.org.gate.answers = [lookup]
    stage.org.gate.before = second_deploy(lambda: setattr(lookup, "times", 20))
    starts(stage.rig)
    stage.done()
    assert lookup.times == 0
    assert len(stage.org.gate.posted) == 2


# --- kills ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "rehearsal", "applied"),
    [
        ("find_removals", True, True),
        ("start_removal", True, True),
        ("find_removals", False, True),
        ("start_removal", False, False),
        ("start_removal", False, True),
        ("removal", None, True),
    ],
)
def test_killed(stage: Stage, call: str, rehearsal: bool | None, applied: bool) -> None:
    """Where it matters most; every point is killed in the tests with the simulation."""

    def deadly(name: str, given: dict[str, Any]) -> bool:
        return name == call and rehearsal in (None, given.get("rehearsal"))

    stage.salesforce.deadly, stage.salesforce.applied = deadly, applied
    starts(stage.rig)
    stage.rig.until(lambda: stage.rig.death.happened)
    stage.salesforce.deadly = lambda *_: False
    stage.rig.move(timedelta(seconds=20))
    stage.rig.restart()
    stage.done()
    assert stage.kinds() == [True, False]
