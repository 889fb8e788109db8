"""Whether the sync is quiet: two readings, and what refutes or prevents them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.bot.rig import Rig
from tests.workflows import journeys
from workflows import commands as c
from workflows import events as e
from workflows.states import State

QUIET = timedelta(minutes=5)


@pytest.fixture
def reported(rig: Rig) -> Rig:
    """P1a-e were just reported; the last sync was before that."""
    talk = journeys.to_disconnecting()
    talk.anna.reports_the_disconnect()
    rig.hubspot.synced = talk.now - timedelta(hours=2)
    rig.adopt(talk)
    rig.settle()
    return rig


def checked(rig: Rig) -> bool:
    return bool(rig.happened(e.DisconnectVerified))


def test_two_quiet_readings_verify(reported: Rig) -> None:
    first = reported.clock.now()
    reported.advance(QUIET - timedelta(seconds=1))
    assert not checked(reported), "one reading proves nothing"
    reported.until(lambda: checked(reported))
    proof = reported.run.evidence["disconnect"]
    assert proof.kind == "verified"
    assert proof.reading is not None
    assert first.isoformat(timespec="seconds") in str(proof.reading.says)
    assert proof.reading.at - first >= QUIET
    assert reported.hubspot.count("last_sync") >= 2


def test_an_account_that_never_synchronised_is_quiet(reported: Rig) -> None:
    reported.hubspot.synced = None
    reported.until(lambda: checked(reported))


def test_a_later_sync_refutes(reported: Rig) -> None:
    reported.hubspot.synced = reported.clock.now() + timedelta(minutes=4)
    reported.advance(QUIET)
    (refuted,) = reported.happened(e.DisconnectRefuted)
    assert refuted.last_sync == reported.hubspot.synced
    assert reported.run.disconnect_reported_at is None
    assert reported.effects("pending", "leased") == []


def test_what_was_under_way_when_it_was_pressed_does_not_refute(reported: Rig) -> None:
    reported.hubspot.synced = reported.clock.now() + timedelta(seconds=4)
    reported.until(lambda: checked(reported))
    assert not reported.happened(e.DisconnectRefuted)


def test_an_earlier_reports_readings_do_not_count(reported: Rig) -> None:
    reported.advance(QUIET / 2)
    reported.hubspot.synced = reported.clock.now()
    reported.does("UA", c.CheckNow())
    reported.settle()
    assert reported.happened(e.DisconnectRefuted)
    reported.hubspot.synced = None
    again = c.ReportDisconnected(
        reason="Switching",
        phrase="Uninstall Salesforce",
        saved_mappings=frozenset({"contacts", "companies", "deals"}),
    )
    reported.does("UA", again)
    reported.settle()
    reported.advance(QUIET / 2 + timedelta(seconds=10))
    assert not checked(reported)
    reported.advance(QUIET)
    assert checked(reported)


def test_asking_again_does_not_shorten_the_silence(reported: Rig) -> None:
    for _ in range(3):
        reported.advance(timedelta(seconds=30))
        reported.does("UA", c.CheckNow())
        reported.settle()
    assert reported.hubspot.count("last_sync") == 4
    assert not checked(reported)
    reported.advance(QUIET)
    assert checked(reported)


def test_without_the_right_to_read_the_word_of_a_person_counts(rig: Rig) -> None:
    talk = journeys.to_disconnecting()
    talk.anna.reports_the_disconnect()
    rig.hubspot.fail("last_sync", missing="crm.objects.contacts.read")
    rig.adopt(talk)
    rig.settle()
    assert rig.happened(e.DisconnectUnverifiable)
    assert rig.run.evidence["disconnect"].kind == "attested"
    rig.until(lambda: rig.run.state is not State.DISCONNECTING)


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_killed_between_the_readings(reported: Rig, applied: bool) -> None:
    reported.hubspot.kill("last_sync", applied=applied)
    reported.advance(QUIET)
    assert reported.death.happened
    reported.restart()
    reported.until(lambda: checked(reported))
    assert len(reported.happened(e.DisconnectVerified)) == 1


def test_hubspot_is_away_for_a_while(reported: Rig) -> None:
    reported.hubspot.fail("last_sync", times=4)
    reported.until(lambda: checked(reported))
    assert [block.code for block in reported.happened(e.Blocked)] == ["hubspot_unavailable"]
    assert reported.run.blocked is None


def test_a_run_that_has_moved_on_is_not_looked_at(reported: Rig) -> None:
    reported.does("UA", c.Cancel())
    before = reported.hubspot.count("last_sync")
    reported.advance(QUIET)
    assert reported.hubspot.count("last_sync") == before
    assert reported.effects("pending", "leased", "failed") == []
