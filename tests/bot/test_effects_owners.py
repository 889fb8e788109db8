"""Fresh counts, and whether the Salesforce owners are gone; the list of owners for the pickers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import VendorError
from bot.owners import OwnerList
from tests.bot.faults import vendor_error
from tests.bot.rig import Rig
from tests.workflows import journeys
from tests.workflows.samples import HELEN, HUGO, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.states import State
from workflows.values import Owner

# --- counts --------------------------------------------------------------------------------------


def test_the_owners_are_counted_after_the_disconnect(rig: Rig) -> None:
    rig.hubspot.fill("contacts", SAM, 3)
    rig.adopt(journeys.to_disconnected())
    rig.until(lambda: rig.run.state is State.MAPPING_OWNERS)
    (counted,) = rig.happened(e.OwnersCounted)
    assert {one.owner.id: one.total for one in counted.owners} == {
        "901": 3,
        "902": 0,
        "903": 0,
    }
    assert str(counted.reading.says) == "3 Salesforce-only owners, 3 records"


def test_the_index_is_given_a_moment(rig: Rig) -> None:
    rig.adopt(journeys.to_disconnected())
    rig.settle()
    assert rig.hubspot.count("owner_census") == 0
    rig.advance(timedelta(seconds=3))
    assert rig.hubspot.count("owner_census") == 1


def test_nothing_to_reassign_is_said_and_skipped(rig: Rig) -> None:
    rig.adopt(journeys.to_disconnected())
    rig.until(lambda: rig.run.inventory is not None)
    assert rig.happened(e.NothingToReassign)
    assert rig.run.evidence["reassign"].kind == "skipped"


def test_records_that_appear_before_the_cleanup_are_found(rig: Rig) -> None:
    rig.adopt(journeys.to_cleanup())
    rig.settle()
    rig.hubspot.fill("deals", SUE, 1)
    rig.does("UA", c.CheckNow())
    rig.until(lambda: rig.run.state is State.MAPPING_OWNERS)
    assert rig.run.records_left == 1


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_killed_while_counting(rig: Rig, applied: bool) -> None:
    rig.hubspot.fill("contacts", SAM, 3)
    rig.hubspot.kill("owner_census", applied=applied)
    rig.adopt(journeys.to_disconnected())
    rig.until(lambda: rig.death.happened)
    rig.restart()
    rig.until(lambda: rig.run.state is State.MAPPING_OWNERS)
    assert len(rig.happened(e.OwnersCounted)) == 1


# --- gone ----------------------------------------------------------------------------------------


@pytest.fixture
def deleted(rig: Rig) -> Rig:
    """Somebody says that Delete Salesforce owners was pressed; they are still listed."""
    talk = journeys.to_cleanup()
    talk.anna.reports_the_owners_deleted()
    rig.adopt(talk)
    rig.settle()
    return rig


def test_owners_that_are_gone_verify_the_cleanup(deleted: Rig) -> None:
    deleted.hubspot.salesforce_owners = []
    deleted.until(lambda: deleted.run.state is State.CHOOSING_DATA_COPY)
    assert deleted.run.evidence["cleanup"].kind == "verified"


def test_owners_may_be_listed_for_a_moment(deleted: Rig) -> None:
    deleted.advance(timedelta(seconds=50))
    assert not deleted.happened(e.OwnersRemain)
    deleted.hubspot.salesforce_owners = []
    deleted.until(lambda: deleted.run.state is State.CHOOSING_DATA_COPY)


def test_owners_that_stay_take_the_report_back(deleted: Rig) -> None:
    deleted.until(lambda: deleted.happened(e.OwnersRemain))
    (remain,) = deleted.happened(e.OwnersRemain)
    assert {one.id for one in remain.owners} == {"901", "902", "903"}
    assert deleted.run.cleanup_reported_at is None
    assert "cleanup" not in deleted.run.evidence
    deleted.does("UA", c.ReportOwnersDeleted())
    deleted.hubspot.salesforce_owners = []
    deleted.until(lambda: deleted.run.state is State.CHOOSING_DATA_COPY)


def test_hubspot_is_away_for_a_while(deleted: Rig) -> None:
    deleted.hubspot.fail("owner_census", times=4)
    deleted.hubspot.salesforce_owners = []
    deleted.until(lambda: deleted.run.state is State.CHOOSING_DATA_COPY)
    assert deleted.run.blocked is None


# --- the list for the pickers --------------------------------------------------------------------


@pytest.fixture
def owners() -> OwnerList:
    made = OwnerList(
        lambda: [HELEN, HUGO, Owner(id="9", name="Anne Helenius", email="anne@example.com")]
    )
    made.refresh()
    return made


def test_a_search_shows_beginnings_first(owners: OwnerList) -> None:
    assert [one.name for one in owners.search("HELEN")] == ["Helen Hub", "Anne Helenius"]
    assert [one.name for one in owners.search(" hugo@")] == ["Hugo Hub"]
    assert owners.search("nobody") == []


def test_a_search_keeps_to_its_limit() -> None:
    many = OwnerList(lambda: [Owner(id=str(number), name="Kim") for number in range(300)])
    assert many.search("") == []
    many.refresh()
    assert len(many.search("kim")) == 100
    assert len(many.search("", limit=7)) == 7
    assert len(many.all()) == 300


def test_an_owner_is_found_by_id(owners: OwnerList) -> None:
    assert owners.get("501") == HELEN
    assert owners.get("999") is None


def test_when_hubspot_is_away_what_is_known_stays() -> None:
    away = False

    def read() -> list[Owner]:
        if away:
            raise vendor_error("hubspot")
        return [HELEN]

    known = OwnerList(read)
    known.refresh()
    away = True
    with pytest.raises(VendorError, match="hubspot_unavailable"):
        known.refresh()
    assert known.all() == (HELEN,)
