"""The bot deploys the removal at most once: killed anywhere, answers lost, others at work."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.effects.removal import FRESH, LOOK_FOR
from bot.ports import Removal
from tests.bot.removals import (
    SHORT,
    another,
    ends,
    no_rehearsal,
    passes,
    ready,
    rehearsed,
    starts,
)
from tests.bot.rig import Rig
from tests.workflows import samples
from workflows import commands as c
from workflows import events as e


@pytest.fixture
def removing(rig: Rig) -> Rig:
    rig.adopt(ready())
    rig.settle()
    return rig


CALLS = [
    ("inventory", 0),
    ("find_removals", 0),
    ("start_removal", 0),
    ("removal", 0),
    ("find_removals", 1),
    ("start_removal", 1),
    ("removal", 1),
]
"""Every call from the press to the proof: the rehearsal's first, then the deployment's."""


def test_the_calls_are_these(removing: Rig) -> None:
    removing.salesforce.calls.clear()
    starts(removing)
    ends(removing)
    made = [call for call in removing.salesforce.calls if call != "installed_package"]
    assert made == [call for call, _ in CALLS]


@pytest.mark.parametrize("shown", [True, False], ids=["listed", "listed late"])
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("call", "after"), CALLS)
def test_killed_anywhere(removing: Rig, call: str, after: int, applied: bool, shown: bool) -> None:
    salesforce = removing.salesforce
    salesforce.lasting = True
    salesforce.kill(call, after=after, applied=applied)
    starts(removing)
    for _ in range(20):
        removing.advance(SHORT)
        if removing.death.happened:
            break
        salesforce.finish() if salesforce.rehearsals and not salesforce.deployments else None
    assert removing.death.happened
    salesforce.hidden = not shown
    removing.move(timedelta(seconds=1))
    removing.restart()
    passes(removing, timedelta(seconds=30))
    salesforce.hidden = salesforce.lasting = False
    salesforce.finish()
    ends(removing)
    assert len(salesforce.deployments) == 1
    assert len(salesforce.rehearsals) == 1


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("which", [0, 1], ids=["rehearsal", "deployment"])
@pytest.mark.parametrize("looks", [0, 3], ids=["", "the lookup fails too"])
@pytest.mark.parametrize("retryable", [True, False])
def test_a_lost_reply(
    removing: Rig, which: int, applied: bool, looks: int, retryable: bool
) -> None:
    salesforce = removing.salesforce
    salesforce.fail(
        "start_removal", after=which, applied=applied, unknown=True, retryable=retryable
    )
    salesforce.fail("find_removals", after=which + 1, times=looks)
    starts(removing)
    ends(removing)
    assert (len(salesforce.rehearsals), len(salesforce.deployments)) == (1, 1)
    assert salesforce.count("start_removal") == (2 if applied else 3)
    assert rehearsed(removing).outcome == "passed"


def test_a_lost_reply_does_not_block_the_run(removing: Rig) -> None:
    removing.salesforce.fail("start_removal", after=1, applied=True, unknown=True, retryable=False)
    starts(removing)
    ends(removing)
    assert not removing.happened(e.Blocked)


def test_what_is_not_listed_is_asked_for_again_only_after_a_while(removing: Rig) -> None:
    salesforce = removing.salesforce
    salesforce.fail("start_removal", after=1, unknown=True)
    starts(removing)
    removing.until(lambda: salesforce.count("start_removal") == 2)
    lost = removing.clock.now()
    before = salesforce.count("inventory")
    removing.until(lambda: salesforce.deployments)
    assert salesforce.deployments[0][0] - lost >= LOOK_FOR
    assert salesforce.count("inventory") == before + 1, "compared again right before"
    assert salesforce.count("find_removals") >= 10


def test_a_list_that_shows_it_late_is_waited_for(removing: Rig) -> None:
    salesforce = removing.salesforce
    salesforce.fail("start_removal", after=1, applied=True, unknown=True)
    salesforce.problems = (samples.BLOCKER,)
    starts(removing)
    removing.until(lambda: salesforce.deployments)
    salesforce.hidden = True
    passes(removing, LOOK_FOR - timedelta(seconds=30))
    assert not removing.happened(e.RemovalFailed)
    salesforce.hidden = False
    removing.until(lambda: removing.happened(e.RemovalFailed))
    assert removing.happened(e.RemovalFailed)[0].reference == "0Af1"
    assert len(salesforce.deployments) == 1


def test_a_certain_refusal_is_looked_up_too_and_then_asked_again(removing: Rig) -> None:
    removing.salesforce.fail("start_removal", after=1, code="salesforce_request_limit")
    starts(removing)
    ends(removing)
    assert len(removing.salesforce.deployments) == 1


@pytest.mark.parametrize("about", [None, False, True])
def test_a_lost_reply_beside_somebody_elses(removing: Rig, about: bool | None) -> None:
    """Neither a deployment of another kind nor one of another user is taken for ours."""
    salesforce = removing.salesforce
    salesforce.fail("start_removal", after=1, applied=True, unknown=True)
    salesforce.problems = (samples.BLOCKER,)
    starts(removing)
    removing.until(lambda: salesforce.deployments)
    salesforce.hidden = True
    now = removing.clock.now()
    theirs = another(removing, about_package=about)
    theirs = replace(theirs, state="failed", completed_at=now)
    salesforce.deployments.insert(0, (now, theirs))
    passes(removing, timedelta(seconds=30))
    salesforce.hidden = False
    removing.until(lambda: removing.happened(e.RemovalFailed))
    (failed,) = removing.happened(e.RemovalFailed)
    assert failed.reference == "0Af1"
    assert len([one for _, one in salesforce.deployments if one.by == "005BOT"]) == 1


def test_one_of_ours_that_is_under_way_is_followed(removing: Rig) -> None:
    """As after a block: what the memo knew is lost, and the deployment runs."""
    salesforce = removing.salesforce
    salesforce.lasting = True
    salesforce.start_removal()
    starts(removing)
    removing.until(lambda: salesforce.rehearsals)
    told = salesforce.rehearsals[0]
    salesforce.rehearsals[0] = (told[0], replace(told[1], state="succeeded"))
    passes(removing, timedelta(minutes=1))
    assert len(salesforce.deployments) == 1
    salesforce.finish()
    ends(removing)
    assert len(salesforce.deployments) == 1


def test_one_of_ours_that_is_under_way_and_fails_is_told(removing: Rig) -> None:
    salesforce = removing.salesforce
    salesforce.lasting, salesforce.problems = True, (samples.BLOCKER,)
    salesforce.start_removal()
    salesforce.raises("start_removal", no_rehearsal())
    starts(removing)
    passes(removing, timedelta(minutes=1))
    salesforce.finish()
    removing.until(lambda: removing.happened(e.RemovalFailed))
    assert removing.happened(e.RemovalFailed)[0].reference == "0Af1"
    assert len(salesforce.deployments) == 1


def test_what_was_there_before_is_not_taken_for_a_lost_one(removing: Rig) -> None:
    """Nothing tells who the bot is here, and somebody has just tried the same in vain."""
    salesforce = removing.salesforce
    now = removing.clock.now()
    theirs = another(removing, about_package=True, completed_at=now)
    salesforce.deployments.append((now, replace(theirs, state="failed")))
    salesforce.raises("start_removal", no_rehearsal())
    salesforce.fail("start_removal", unknown=True)
    starts(removing)
    ends(removing)
    assert not removing.happened(e.RemovalFailed)
    assert [one.id for _, one in salesforce.deployments] == ["0AfX", "0Af2"]


def test_a_slow_look_is_followed_by_another_comparison(
    removing: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = removing.salesforce.find_removals
    looks: list[bool] = []

    def slow(since: datetime, *, rehearsal: bool = False) -> tuple[Removal, ...]:
        looks.append(rehearsal)
        if looks == [True, False]:
            removing.clock.time += 2 * FRESH
        return find(since, rehearsal=rehearsal)

    monkeypatch.setattr(removing.salesforce, "find_removals", slow)
    before = removing.salesforce.count("inventory")
    starts(removing)
    ends(removing)
    assert removing.salesforce.count("inventory") == before + 2
    assert looks == [True, False, False]


@pytest.mark.parametrize("about", [None, True])
def test_somebody_elses_deployment_is_waited_for(removing: Rig, about: bool | None) -> None:
    salesforce = removing.salesforce
    theirs = another(removing, about_package=about)
    salesforce.deployments.append((removing.clock.now(), theirs))
    starts(removing)
    passes(removing, timedelta(minutes=3))
    assert rehearsed(removing).outcome == "passed"
    assert [one.id for _, one in salesforce.deployments] == ["0AfX"]
    ended = replace(theirs, state="failed", completed_at=removing.clock.now())
    salesforce.deployments[0] = (salesforce.deployments[0][0], ended)
    ends(removing)
    assert [one.id for _, one in salesforce.deployments] == ["0AfX", "0Af2"]
    assert not removing.happened(e.RemovalFailed)


def test_somebody_elses_deployment_of_something_else_is_not_waited_for(removing: Rig) -> None:
    theirs = another(removing, about_package=False)
    removing.salesforce.deployments.append((removing.clock.now(), theirs))
    starts(removing)
    ends(removing)
    assert [one.id for _, one in removing.salesforce.deployments] == ["0AfX", "0Af2"]


def test_somebody_elses_removal_that_succeeds_is_enough(removing: Rig) -> None:
    salesforce = removing.salesforce
    theirs = another(removing)
    salesforce.deployments.append((removing.clock.now(), theirs))
    starts(removing)
    passes(removing, timedelta(minutes=1))
    ended = replace(theirs, state="succeeded", completed_at=removing.clock.now())
    salesforce.deployments[0] = (salesforce.deployments[0][0], ended)
    # The package is listed a moment longer: that is no reason to remove it again.
    passes(removing, timedelta(seconds=30))
    assert [one.id for _, one in salesforce.deployments] == ["0AfX"]
    salesforce.installed = None
    ends(removing)
    assert [one.id for _, one in salesforce.deployments] == ["0AfX"]


def test_a_removal_that_shows_late_is_not_deployed_again(removing: Rig) -> None:
    """Salesforce says that it succeeded, and lists the package for a moment longer."""
    salesforce = removing.salesforce
    package = salesforce.installed
    salesforce.lasting = True
    starts(removing)
    removing.until(lambda: salesforce.rehearsals)
    salesforce.finish()
    removing.until(lambda: salesforce.deployments)
    salesforce.finish()
    salesforce.installed = package
    passes(removing, timedelta(minutes=2))
    assert len(salesforce.deployments) == 1
    salesforce.installed = None
    ends(removing)
    assert len(salesforce.deployments) == 1


@pytest.mark.parametrize("after", [0, 1], ids=["rehearsal", "deployment"])
def test_one_that_cannot_be_read_yet_is_read_later(removing: Rig, after: int) -> None:
    removing.salesforce.fail(
        "removal", after=after, code="salesforce_not_available", retryable=False
    )
    starts(removing)
    ends(removing)
    assert not removing.happened(e.Blocked)
    assert len(removing.salesforce.deployments) == 1


def deployed(rig: Rig) -> Rig:
    """Let the deployment be under way, and last."""
    rig.salesforce.lasting = True
    starts(rig)
    rig.until(lambda: rig.salesforce.rehearsals)
    rig.salesforce.finish()
    rig.until(lambda: rig.salesforce.deployments)
    return rig


def test_the_point_of_no_return_is_in_the_record_before_it_is_passed(removing: Rig) -> None:
    removing.salesforce.kill("start_removal", after=1)
    starts(removing)
    removing.until(lambda: removing.death.happened)
    assert not removing.salesforce.deployments
    assert removing.happened(e.RemovalDeploying)


def test_a_change_that_is_found_while_it_deploys_changes_nothing(removing: Rig) -> None:
    """It could not be approved any more; what counts is that the deployment is followed."""
    rig = deployed(removing)
    rig.salesforce.installed = samples.inventory("Hub", "Sync", "Added")
    rig.does("UA", c.CheckNow())
    passes(rig, timedelta(minutes=1))
    assert not rig.happened(e.InventoryChanged)
    rig.salesforce.finish()
    ends(rig)
    assert rig.run.deadline is None
    assert rig.run.keep_copy is False
    assert len(rig.salesforce.deployments) == 1


@pytest.mark.parametrize("retryable", [True, False])
def test_a_certain_refusal_is_no_deployment_and_is_not_looked_for(
    removing: Rig, retryable: bool
) -> None:
    salesforce = removing.salesforce
    salesforce.fail("start_removal", after=1, code="salesforce_request_limit", retryable=retryable)
    starts(removing)
    removing.until(lambda: removing.happened(e.RemovalHeld))
    assert removing.run.deploying is None
    looks = salesforce.count("find_removals")
    if not retryable:
        removing.settle()
        assert removing.run.blocked is not None
        removing.does("UA", c.Retry())
    ends(removing)
    assert salesforce.count("find_removals") == looks + 1
    assert len(salesforce.deployments) == 1


def test_one_that_is_refused_again_and_again_says_so_once(removing: Rig) -> None:
    """It is compared anew each time; that is no sign that it goes on."""
    salesforce = removing.salesforce
    salesforce.fail("start_removal", after=1, times=12, code="salesforce_request_limit")
    starts(removing)
    removing.until(lambda: salesforce.count("start_removal") == 13, most=200)
    assert len(removing.happened(e.Blocked)) == 1
    assert not removing.happened(e.Recovered)
    asked = removing.clock.now()
    removing.until(lambda: salesforce.count("start_removal") == 14, most=40)
    assert removing.clock.now() - asked > timedelta(seconds=20), "more and more rarely"
    ends(removing)
    assert len(removing.happened(e.Recovered)) == 1


def test_what_a_block_has_ended_is_looked_for_and_not_asked_for_again(removing: Rig) -> None:
    """The effect's memo ends with it; the record tells what was on its way."""
    rig = deployed(removing)
    rig.salesforce.fail("removal", times=1, code="salesforce_forbidden", retryable=False)
    rig.until(lambda: rig.run.blocked is not None)
    rig.salesforce.problems = (samples.BLOCKER,)
    rig.salesforce.finish()
    rig.does("UA", c.Retry())
    rig.until(lambda: rig.happened(e.RemovalFailed))
    assert rig.happened(e.RemovalFailed)[0].reference == "0Af1"
    assert len(rig.salesforce.deployments) == 1


def test_a_deployment_that_takes_hours_is_looked_at_more_and_more_rarely(removing: Rig) -> None:
    rig = deployed(removing)
    before = rig.salesforce.count("removal")
    began = rig.clock.now()
    rig.until(lambda: rig.clock.now() - began > timedelta(hours=5), most=2_000)
    assert rig.salesforce.count("removal") - before <= 5 * 60 + 60
    assert not rig.happened(e.RemovalStalled), "it is under way, and followed"
    rig.salesforce.finish()
    ends(rig)


def test_the_wait_for_somebody_elses_is_told(removing: Rig) -> None:
    salesforce = removing.salesforce
    theirs = another(removing, about_package=None)
    salesforce.deployments.append((removing.clock.now(), theirs))
    starts(removing)
    passes(removing, timedelta(minutes=1))
    made = removing.store.progress(removing.run_id)
    assert made is not None
    assert (made.phase, made.label) == ("waiting", "0AfX")
    looks = salesforce.count("find_removals")
    passes(removing, timedelta(hours=1), timedelta(seconds=30))
    assert salesforce.count("find_removals") - looks <= 90
    assert removing.run.deploying is None, "nothing has left the bot"
