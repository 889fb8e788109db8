"""Actions with arguments drawn at random: what people and the bot might say to a run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.workflows import samples
from tests.workflows.driver import Conversation
from tests.workflows.examples import example
from tests.workflows.people import ANNA, BELA, DORA, EMIL, ROLES
from workflows import commands as c
from workflows.values import Assignment, Reading, Role

ALL = frozenset(Role)

counts = st.sampled_from(
    [
        samples.OWNERS,
        samples.OWNERS[:1],
        samples.WITH_OTHERS,
        samples.emptied(),
        samples.emptied(samples.WITH_OTHERS[:2]),
        (*samples.emptied(samples.OWNERS[:2]), samples.WITH_OTHERS[2]),
        (),
        (*samples.OWNERS[1:], *samples.emptied((samples.owned(samples.HELEN),))),
    ]
)
targets = st.sampled_from((*samples.HUBSPOT_OWNERS, samples.SUE))
listed = st.sampled_from([samples.SAM.id, samples.SUE.id, samples.QUEUE.id, samples.HELEN.id])
types = st.sampled_from(["contacts", "deals", "tickets", "2-77", "wishes"])
kinds = st.dictionaries(types, targets, max_size=2)
assignments = st.builds(
    Assignment, targets=st.lists(targets, min_size=1, max_size=3).map(tuple), kinds=kinds
)
files = st.dictionaries(listed, assignments, min_size=1, max_size=3)
remaining = st.lists(st.sampled_from(samples.OWNERS), min_size=1, unique_by=id)
packages = st.sampled_from(
    [
        samples.inventory(),
        samples.inventory(blockers=(samples.BLOCKER,)),
        samples.inventory("Hub", "Sync", "Added"),
        samples.inventory(objects={"HubSpot__Log__c": 13}),
    ]
)


def draw_action(
    data: st.DataObject, kind: type[c.Action], talk: Conversation, last_seen: datetime | None
) -> c.Action:
    """Return an example of *kind*; the package was *last_seen* then."""
    action = example(kind, talk.run, talk.now)
    change = _choice(data, action, talk) or _finding(data, action, talk)
    if isinstance(action, c.RecordPackageGone | c.RecordPackageAbsent):
        change = {"last_seen_at": _draw_last_sight(data, action, talk, last_seen)}
    return action.model_copy(update=change)


def _draw_last_sight(
    data: st.DataObject,
    action: c.RecordPackageGone | c.RecordPackageAbsent,
    talk: Conversation,
    last_seen: datetime | None,
) -> datetime | None:
    """Return when the bot saw the package last: not before the run says so, maybe later."""
    absent = isinstance(action, c.RecordPackageAbsent)
    if absent and (last_seen is None or data.draw(st.booleans())):
        return None
    seen = last_seen or talk.run.started_at
    ago = data.draw(st.integers(0, int((talk.now - seen).total_seconds())))
    return talk.now - timedelta(seconds=ago)


def _choice(data: st.DataObject, action: c.Action, talk: Conversation) -> dict[str, Any]:
    """Draw what a person chooses."""
    match action:
        case c.HandOver():
            to = data.draw(st.sampled_from([BELA, EMIL, ANNA, DORA]))
            return {"to": to, "to_roles": data.draw(st.sampled_from([ROLES[to], ALL]))}
        case c.MapRemaining():
            return {"target": data.draw(targets)}
        case c.MapOwner():
            others = tuple(data.draw(st.lists(targets, max_size=2)))
            chosen = {"target": data.draw(targets), "others": others, "kinds": data.draw(kinds)}
            return {"owner_id": data.draw(listed), **chosen}
        case c.ImportMapping():
            return {"assignments": data.draw(files)}
        case c.ExcludeOwner() | c.IncludeOwner():
            return {"owner_id": data.draw(listed)}
        case c.ChooseObjects():
            return {"others": data.draw(st.frozensets(types, max_size=3))}
        case c.TakeSuggestions():
            return {"why": data.draw(st.sampled_from(["", "manager", "same_name"]))}
        case c.ConfirmMapping() if data.draw(st.booleans()):
            return {"shown": data.draw(st.integers(0, talk.run.version))}
        case c.UndoReassignment() if data.draw(st.booleans()):
            return {"owner_id": data.draw(listed), "object_type": data.draw(types)}
        case c.ChooseDataCopy():
            return {"keep": data.draw(st.booleans())}
        case c.WaiveBackup():
            return {"reason": data.draw(st.sampled_from(["ours is in the lake", "empty", " "]))}
        case _:
            return {}


def _finding(data: st.DataObject, action: c.Action, talk: Conversation) -> dict[str, Any]:
    """Draw what the bot finds out."""
    match action:
        case c.RecordPlan():
            return {"plan": samples.plan(talk.now, installed=data.draw(st.booleans()))}
        case c.RecordSyncQuiet() | c.RecordOwnersGone() | c.RecordRemovalStalled():
            return {"reading": draw_sight(data, talk)}
        case c.RecordReassigned():
            tallies = samples.tallies(data.draw(st.sampled_from([0, 3])))
            return {"tallies": tallies, "job": draw_job(data, talk)}
        case c.RecordUndone():
            left = {name: data.draw(st.integers(0, 2)) for name in ("left_alone", "still_changed")}
            return {**left, "job": draw_job(data, talk)}
        case c.RecordReassignmentWaiting() | c.RecordReassignmentGoesOn():
            return {"job": draw_job(data, talk)}
        case c.RecordOwners():
            late = {"reading": draw_sight(data, talk)} if data.draw(st.booleans()) else {}
            return {"owners": data.draw(counts), **late}
        case c.RecordOwnersRemain():
            return {"owners": tuple(owned.owner for owned in data.draw(remaining))}
        case c.RecordInventory():
            return {"inventory": data.draw(packages), "reading": draw_sight(data, talk)}
        case c.RecordBackup():
            return draw_backup(data, talk)
        case c.RecordBackupOutdated():
            return {"reading": draw_sight(data, talk)}
        case c.RecordRemovalDeploying() | c.RecordRemovalHeld() | c.RecordRemovalDeployed():
            return {"attempt": draw_late(data, talk.run.bot_removal)}
        case c.RecordRehearsal():
            outcome = data.draw(st.sampled_from(["passed", "not_possible"]))
            return {"outcome": outcome, "attempt": draw_late(data, talk.run.bot_removal)}
        case c.RecordBlocked():
            return {"code": data.draw(st.sampled_from(["token", "scope"]))}
        case _:
            return {}


def draw_job(data: st.DataObject, talk: Conversation) -> int:
    """Return the number of the job that runs, or now and then of one before."""
    return draw_late(data, talk.run.job)


def draw_late(data: st.DataObject, number: int) -> int:
    """Return the number of what runs, or now and then of what ran before."""
    return max(0, number - data.draw(st.sampled_from([0, 0, 0, 1])))


def draw_backup(data: st.DataObject, talk: Conversation) -> dict[str, Any]:
    """Return a backup that is finished: the one that was begun last, or one before; with gaps."""
    number = draw_late(data, talk.run.backups)
    hidden = data.draw(st.sampled_from([0, 0, 2]))
    return {"number": number, "backup": samples.backup(number, hidden=hidden, began=talk.now)}


def draw_sight(data: st.DataObject, talk: Conversation) -> Reading:
    """Return a reading that was taken some minutes ago, maybe before what is asked now."""
    ago = timedelta(minutes=data.draw(st.integers(0, 20)))
    at = max(talk.now - ago, talk.run.started_at)
    return Reading(at=at, source="GET /somewhere", says="as it was")
