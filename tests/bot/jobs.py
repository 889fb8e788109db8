"""Runs with records to reassign, for the tests of the job and of its undo."""

from __future__ import annotations

from tests.bot.rig import Rig
from tests.workflows import journeys
from tests.workflows.samples import HELEN, HUGO, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.states import State
from workflows.values import OwnedRecords, Owner


def owned(owner: Owner, **counts: int) -> OwnedRecords:
    return OwnedRecords(owner=owner, why="no_hubspot_user", counts=counts)


def mapping(rig: Rig, *owners: OwnedRecords) -> Rig:
    """The owners are counted; Sam's records will go to Helen, all others' to Hugo."""
    talk = journeys.to_disconnected()
    talk.bot.counts(owners)
    rig.hubspot.salesforce_owners = [one.model_copy(update={"counts": {}}) for one in owners]
    talk.anna.maps(SAM, HELEN)
    if talk.run.unmapped:
        talk.anna.maps_the_rest_to(HUGO)
    rig.adopt(talk, work=False)
    return rig


def finished(rig: Rig) -> bool:
    return bool(rig.happened(e.ReassignmentFinished))


def over(rig: Rig) -> bool:
    return rig.run.state in {State.CLEANING_UP_OWNERS, State.MAPPING_OWNERS} or (
        rig.run.job_state == "finished"
    )


def confirm(rig: Rig) -> None:
    rig.does("UA", c.ConfirmMapping(shown=rig.run.mapping_version))


def written_once(rig: Rig) -> None:
    """No record was changed twice, and only to whom it was planned to go."""
    assert len(rig.hubspot.writes) == len(set(rig.hubspot.writes))
    pairs = [(kind, record) for kind, record, _ in rig.hubspot.writes]
    assert len(pairs) == len(set(pairs))


def ledger(rig: Rig, *states: str) -> list[tuple[str, str]]:
    return [(row.object_type, row.record_id) for row in rig.store.ledger("R1", None, *states)]


def counts(rig: Rig, job: int) -> dict[str, int]:
    """Add a job's ledger up by state."""
    found: dict[str, int] = {}
    for one in rig.store.ledger_tally("R1"):
        if one.job == job:
            found[one.state] = found.get(one.state, 0) + one.rows
    return found


def during(rig: Rig, number: int, action: c.Action) -> None:
    """Let somebody do something while a batch is being written."""
    written: list[int] = []

    def meanwhile() -> None:
        written.append(1)
        if len(written) == number:
            rig.does("UA", action)

    rig.hubspot.before_write = meanwhile


def small(rig: Rig) -> Rig:
    """Make two batches of Sam's contacts, some of his deals, and a few of Sue's companies."""
    rig.hubspot.fill("contacts", SAM, 150)
    rig.hubspot.fill("deals", SAM, 3)
    rig.hubspot.fill("companies", SUE, 4)
    return mapping(rig, owned(SAM, contacts=150, deals=3), owned(SUE, companies=4))
