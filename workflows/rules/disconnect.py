"""Step 1: a person disconnects in HubSpot, and evidence that the sync is quiet (P1)."""

from __future__ import annotations

from datetime import datetime

from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.run import Run
from workflows.text import N_
from workflows.values import CORE_OBJECTS

PHRASE = "Uninstall Salesforce"
"""What HubSpot wants typed, in every language (P1d)."""


def report(
    run: Run, action: c.ReportDisconnected, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take in that P1a–e are done; the phrase, the reason and the ticks are checked."""
    if run.disconnect_reported_at is not None:
        raise Refused(
            "already_reported",
            N_("The disconnect was reported already; the bot is checking it."),
            N_("Wait for the result in the thread."),
        )
    if action.phrase.strip() != PHRASE:
        raise Refused(
            "phrase_wrong",
            N_("The phrase is not right."),
            N_("Type exactly: {phrase}", phrase=PHRASE),
        )
    if not action.reason.strip():
        raise Refused(
            "reason_missing",
            N_("The reason is missing."),
            N_("Enter the reason that you chose in HubSpot."),
        )
    unsaved = [kind for kind in CORE_OBJECTS if kind not in action.saved_mappings]
    if unsaved:
        raise Refused(
            "mappings_not_saved",
            N_("HubSpot deletes the field mappings; not all of them are ticked as saved."),
            N_("Save the mappings of contacts, companies and deals, then tick each."),
        )
    return [
        e.DisconnectReported(
            reason=action.reason.strip(),
            phrase=PHRASE,
            saved_mappings=tuple(kind for kind in CORE_OBJECTS if kind in action.saved_mappings),
        )
    ]


def quiet(run: Run, action: c.RecordSyncQuiet, command: c.Command, now: datetime) -> list[e.Event]:
    """Note the evidence; the owners are counted next."""
    _needs_report(run)
    if run.disconnect_reported_at is not None and action.reading.at < run.disconnect_reported_at:
        return []
    return [e.DisconnectVerified(reading=action.reading)]


def running(
    run: Run, action: c.RecordSyncRunning, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take the reported disconnect back: the sync still runs."""
    _needs_report(run)
    return [e.DisconnectRefuted(reading=action.reading, last_sync=action.last_sync)]


def unreadable(
    run: Run, action: c.RecordSyncUnreadable, command: c.Command, now: datetime
) -> list[e.Event]:
    """Go on with the person's word alone, and say so."""
    _needs_report(run)
    return [e.DisconnectUnverifiable(why=action.why)]


def _needs_report(run: Run) -> None:
    if run.disconnect_reported_at is None or checked(run):
        raise Refused(
            "nothing_to_verify",
            N_("No disconnect is waiting to be verified."),
            N_("Nothing needs to be done."),
        )


def checked(run: Run) -> bool:
    """Say whether the reported disconnect was checked, with whatever result."""
    reported = run.disconnect_reported_at
    return reported is not None and run.disconnect_checked
