"""Slack, HubSpot, Salesforce away for an hour, in each state of the run and in each way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.report import run_detail
from bot.worker import LONGEST_PAUSE
from tests.attacks import Cases
from tests.bot.jobs import mapping, owned, written_once
from tests.bot.rig import AUDIT, CHANNEL, Rig
from tests.bot.windows import LEADS, leads
from tests.outages.away import HOUR, KINDS, away, error_of, leaps, passes
from tests.storage.disk import Log
from tests.storage.escort import finish
from tests.workflows import journeys
from tests.workflows.samples import SAM
from workflows import commands as c
from workflows import events as e
from workflows.effects import effects
from workflows.evolve import fold
from workflows.rules.disconnect import PHRASE
from workflows.states import State
from workflows.values import CORE_OBJECTS

pytestmark = [
    pytest.mark.attack(
        "2", "Slack, HubSpot or Salesforce away for an hour, in each state and in each way"
    )
]
AT: dict[str, journeys.Journey] = {
    "planning": journeys.to_planning,
    "awaiting_approval": journeys.to_approval,
    "disconnecting": journeys.to_disconnecting,
    "mapping_owners": journeys.to_disconnected,
    "reassigning": journeys.to_mapping,
    "cleaning_up_owners": journeys.to_cleanup,
    "choosing_data_copy": journeys.to_inventory_pending,
    "awaiting_removal_approval": journeys.to_removal_approval,
    "removing_package": journeys.to_removing,
    "data_copy_window": journeys.to_window,
}
"""A moment in every state, from which the bot has work to do or people have a question."""
ASKED = {
    ("hubspot", "planning"),
    ("salesforce", "planning"),
    ("hubspot", "disconnecting"),
    ("hubspot", "mapping_owners"),
    ("hubspot", "reassigning"),
    ("hubspot", "cleaning_up_owners"),
    ("salesforce", "choosing_data_copy"),
    ("salesforce", "removing_package"),
}
"""Where the bot needs that vendor for what it does next."""


def begin(rig: Rig, state: str) -> None:
    """Come to a state, and let people do what makes the bot work in it."""
    if state == "reassigning":
        mapping(rig, owned(SAM, contacts=30))
        rig.hubspot.fill("contacts", SAM, 30)
        return
    rig.adopt(AT[state](), work=False)


def work(rig: Rig, state: str) -> None:
    """Let the bot begin with what the state asks of it."""
    if state == "reassigning":
        rig.does("UA", c.ConfirmMapping(shown=rig.run.mapping_version))
    elif state == "disconnecting":
        saved = frozenset(CORE_OBJECTS)
        rig.does("UA", c.ReportDisconnected(reason="moving", phrase=PHRASE, saved_mappings=saved))
    elif state == "cleaning_up_owners":
        rig.hubspot.salesforce_owners = []
        rig.does("UA", c.ReportOwnersDeleted())
    else:
        talk = AT[state]()
        before = fold(talk.history[:-1]) if talk.history[1:] else None
        rig.ask(*effects(before, talk.history[-1], talk.run))


def nothing_twice(rig: Rig) -> None:
    """Every message once, every audit line once and in order, every change once."""
    keys = [one.key for one in rig.slack.shown if one.key]
    assert len(keys) == len(set(keys)), "a message came twice"
    lines = [
        int(seq)
        for one in rig.slack.shown
        if one.channel == AUDIT
        for seq in one.payload["events"].split(",")
    ]
    assert lines == sorted(set(lines))
    assert lines[-1] == rig.run.version, "an audit line is missing"
    written_once(rig)
    assert rig.store.problems("R1") == []
    assert rig.effects("failed") == []


@pytest.mark.parametrize("state", AT)
@pytest.mark.parametrize("vendor", ["slack", "hubspot", "salesforce"])
def test_the_run_goes_on_by_itself(rig: Rig, vendor: str, state: str, cases: Cases) -> None:
    kind = list(KINDS)[(len(vendor) + list(AT).index(state)) % len(KINDS)]
    begin(rig, state)
    fake = getattr(rig, vendor)
    with away(fake, kind) as asked:
        work(rig, state)
        leaps(rig, timedelta(minutes=2), 5)
        leaps(rig, HOUR, 4)
        if (vendor, state) in ASKED:
            (blocked,) = rig.happened(e.Blocked)
            assert blocked.code == error_of(fake, kind).code
            assert rig.run.blocked is not None
            told = rig.slack.keyed(f"notice:{_number(rig, e.Blocked)}")
            assert "does not answer" in told[0].text + json.dumps(told[0].blocks)
        elif vendor == "slack":
            waiting = rig.store.waiting("R1")
            assert {one.error for one in waiting} == {error_of(fake, kind).code}
            shown = run_detail(rig.run, [], waiting)["waiting"]
            assert len(shown) == len(waiting) >= 1
        assert rig.effects("failed") == []
    assert len(asked) <= 12 * 40, "gently"
    leaps(rig, timedelta(minutes=21), 3)
    assert rig.run.blocked is None
    assert rig.store.waiting("R1") == []
    assert not rig.happened(e.Retried)
    if vendor == "slack":
        assert rig.slack.shown_with(":late:"), "the thread says that this came late"
    finish(rig)
    rig.settle()
    assert rig.run.state is State.COMPLETED
    nothing_twice(rig)
    cases.add()


def _number(rig: Rig, kind: type[e.Event]) -> int:
    links = rig.store.history("R1")
    return max(one.recorded.seq for one in links if isinstance(one.recorded.event, kind))


@pytest.mark.parametrize("vendor", ["slack", "hubspot", "salesforce"])
def test_it_asks_gently_all_the_hour(rig: Rig, vendor: str, logged: Log) -> None:
    """Each thing that waits asks about once a minute, and the log has no more lines than that."""
    state = {"slack": "awaiting_approval", "hubspot": "mapping_owners"}.get(vendor, "planning")
    begin(rig, state)
    fake = getattr(rig, vendor)
    with away(fake, "connection refused") as asked:
        work(rig, state)
        passes(rig, HOUR)
        lanes = len(rig.effects("pending"))
        assert rig.effects("failed", "leased") == []
    most = (HOUR.total_seconds() / (0.75 * LONGEST_PAUSE) + 8) * max(min(lanes, 3), 1)
    assert 40 <= len(asked) <= 2 * most
    assert len(logged.of("vendor_failed")) <= most


@pytest.mark.parametrize("kind", KINDS)
def test_no_reminder_is_lost_while_slack_is_away(rig: Rig, kind: str) -> None:
    """The one that falls into the hour lies in Slack already; Slack itself posts it."""
    rig.adopt(journeys.to_window())
    rig.settle()
    assert rig.run.deadline is not None
    before = rig.run.deadline - rig.clock.now() - timedelta(hours=12, minutes=20)
    passes(rig, before)
    with away(rig.slack, kind):
        leaps(rig, HOUR, 12)
    leaps(rig, timedelta(minutes=30), 6)
    for _ in range(12):
        rig.advance(HOUR)
    come = leads(rig, CHANNEL)
    assert sorted(come, reverse=True) == list(LEADS)
    nothing_missed = [one for one in rig.slack.shown if ":missed:" in one.key]
    assert nothing_missed == []
    assert rig.run.state is State.COMPLETED


@pytest.mark.parametrize("vendor", ["slack", "hubspot", "salesforce"])
def test_a_bot_that_is_started_while_a_vendor_is_away(rig: Rig, vendor: str) -> None:
    """What waits is taken up again by the next process, too."""
    state = {"slack": "awaiting_approval", "hubspot": "mapping_owners"}.get(vendor, "planning")
    begin(rig, state)
    with away(getattr(rig, vendor), "time-out"):
        work(rig, state)
        leaps(rig, timedelta(minutes=2), 5)
        rig.restart()
        leaps(rig, HOUR, 6)
        rig.restart()
    leaps(rig, timedelta(minutes=3), 3)
    assert rig.run.blocked is None
    finish(rig)
    nothing_twice(rig)
