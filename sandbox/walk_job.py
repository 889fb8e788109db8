"""The job (P2b): paused, resumed, its failures tried again, one owner's records given back."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sandbox import walk_mapping, walk_truth
from sandbox.client import Message, NotSeen, Values
from sandbox.hubspot.objects import broken_rule
from sandbox.walk_file import table
from sandbox.walk_ids import PART, VALUE, Act, Block, Form
from sandbox.walk_stage import Stage, owners_of, value_of
from sandbox.walk_truth import Goal, Meanwhile, Record

PAUSE_AFTER = 1.5
MOST_RETRIES = 5
MOST_DIRTY = 2
FILE_SECONDS = 60.0
_ID = re.compile(r"(\d+)\)?$")


@dataclass(frozen=True)
class Told:
    """A row of the files about jobs: a record that was not simply changed."""

    record: str
    old_owner: str
    outcome: str
    reason: str


def confirm(stage: Stage, *, shown: str = "") -> None:
    """Confirm the mapping; with *shown* only once the button carries something else."""

    def fresh() -> Message | None:
        message = stage.offered(stage.admin, Act.CONFIRM_MAPPING)[1]
        return message if value_of(message, Act.CONFIRM_MAPPING) != shown else None

    asked = stage.page.wait_for(fresh, "the mapping as it was chosen, to be confirmed")
    stage.click(stage.admin, asked, Act.CONFIRM_MAPPING)
    stage.say("mapped", count=len(stage.notes.mapping), who=stage.admin.name)


def trouble(stage: Stage) -> None:
    """Others are at work too: records come to break a rule, one is taken right before its write."""
    kind, struck = "contacts", "deals"
    old, owned = max(
        (
            (old, walk_truth.of_owner(stage.notes.before, old, [kind]))
            for old in stage.notes.mapping
        ),
        key=lambda found: len(found[1]),
    )
    dirty = sorted(owned)[:MOST_DIRTY]
    stage.page.hubspot.soil(kind, [record for _, record in dirty])
    stage.page.add_fault("hubspot", f"^POST .*/{struck}/batch/update$", "interfere")
    called = walk_mapping.names(stage)[old]
    stage.say("others", count=len(dirty), kind=kind, old=called, struck=struck)


def run(stage: Stage) -> None:
    """Let the job run, pause it if it is long, retry what failed, until nothing is left."""
    _pause(stage)
    after = "0"
    for _ in range(MOST_RETRIES):
        act, asked = stage.offered(
            stage.admin, Act.RETRY_REASSIGNMENT, Act.OWNERS_DELETED, after=after
        )
        if act is Act.OWNERS_DELETED:
            stage.say("reassigned", stage.known("P2b", verified=True))
            return
        _look_at_failures(stage, asked)
        stage.click(stage.admin, asked, Act.RETRY_REASSIGNMENT)
        stage.say("left", who=stage.admin.name)
        after = asked.ts
    raise NotSeen(f"records are left after {MOST_RETRIES} retries")


def _pause(stage: Stage) -> None:
    """Pause and resume a job that takes its time."""
    deadline = time.monotonic() + PAUSE_AFTER
    ends = (Act.OWNERS_DELETED, Act.RETRY_REASSIGNMENT)
    while time.monotonic() < deadline:
        if any(stage.admin.find(act, stage.place) is not None for act in ends):
            return
        time.sleep(0.1)
    running = stage.admin.find(Act.PAUSE, stage.place)
    if running is None:
        return
    stage.click(stage.admin, running, Act.PAUSE)
    act, asked = stage.offered(stage.admin, Act.RESUME, *ends)
    if act is Act.RESUME:
        stage.click(stage.admin, asked, Act.RESUME)
        stage.say("paused", who=stage.admin.name)


# --- what is left --------------------------------------------------------------------------------


def _left(stage: Stage) -> dict[Record, str]:
    """Return the records that are still with an old owner, with that owner: HubSpot's truth."""
    now = walk_truth.read(stage.page, stage.notes.kinds)
    return {
        record: old
        for old in stage.notes.mapping
        for record in walk_truth.of_owner(now, old, stage.notes.kinds)
    }


def _look_at_failures(stage: Stage, asked: Message) -> None:
    """Every record that is left is listed with HubSpot's reason; then somebody puts it right."""
    left = _left(stage)
    stage.notes.failed |= left.keys()
    named = _named(stage, left)
    wrong = [f"{kind} {one}" for kind, one in left if not named[one, left[kind, one]]]
    reasons = [reason for found in named.values() for reason in found]
    if Act.OPEN_FAILURES in asked.actions:
        pages = stage.pages(stage.admin, Act.OPEN_FAILURES, Form.FAILURES)
        read = "\n".join(page.said for page in pages)
        wrong += [reason for reason in reasons if reason not in read]
    quoted = reasons[0] if reasons else ""
    stage.expect(not wrong, "failures", ", ".join(wrong), count=len(left), who=stage.admin.name)
    if quoted:
        stage.aside("quoted", said=stage.plain(quoted))
    _mend(stage, left)


def _named(stage: Stage, left: dict[Record, str]) -> dict[tuple[str, str], list[str]]:
    """Return HubSpot's reasons in the files, by record and old owner, once all *left* are there."""
    wanted = {(record, old): broken_rule(int(record)) for (_, record), old in left.items()}

    def read() -> dict[tuple[str, str], list[str]]:
        rows = told(stage)
        return {
            place: [row.reason for row in rows if _place(row) == place and reason in row.reason]
            for place, reason in wanted.items()
        }

    def complete() -> bool:
        return all(read().values())

    if wanted:
        show = (stage.admin, stage.place)
        what = "every record that is left in the file, with HubSpot's reason"
        with suppress(NotSeen):  # what is missing then is named
            stage.page.wait_for(complete, what, timeout=FILE_SECONDS, show=show)
    return read()


def _place(row: Told) -> tuple[str, str]:
    return row.record, row.old_owner


def _mend(stage: Stage, left: Iterable[Record]) -> None:
    """Put right what nobody else puts right."""
    mended = 0
    for kind in sorted({kind for kind, _ in left}):
        still = [one for one in stage.page.hubspot.dirty(kind) if (kind, one) in set(left)]
        if still:
            stage.page.hubspot.mend(kind, still)
        mended += len(still)
    if mended:
        stage.say("mended", count=mended)


# --- what the files tell -------------------------------------------------------------------------


def told(stage: Stage) -> list[Told]:
    """Return the rows of every job's file in the thread."""
    begins = f"sunset-result-{stage.run}-"
    messages = stage.admin.sees(stage.place)
    files = [one for message in messages for one in message.files]
    return [
        Told(row["record_id"], _id(row["old_owner"]), row["outcome"], row["reason"])
        for file in files
        if file["name"].startswith(begins)
        for row in table(stage.page.download(file["id"]))
    ]


def _id(named: str) -> str:
    """Return the id in `Name (id)`."""
    found = _ID.search(named)
    return found[1] if found else ""


def untold(stage: Stage, others: Meanwhile, after: walk_truth.Truth) -> list[str]:
    """Name what others did to planned records and no file tells."""
    rows: dict[tuple[str, str], list[Told]] = {}
    for row in told(stage):
        rows.setdefault(_place(row), []).append(row)
    missing = []
    for kind, one in sorted(others.records):
        old = stage.notes.before.get(kind, {}).get(one, "")
        if old not in stage.notes.mapping or kind not in stage.notes.kinds:
            continue
        found = rows.get((one, old), [])
        newcomer = others.given.get((kind, one))
        overwritten = newcomer not in {None, after[kind].get(one)}
        if overwritten:
            found = [row for row in found if f"({newcomer})" in row.outcome]
        if not found:
            missing.append(f"{kind} {one}")
    return missing


# --- undo ----------------------------------------------------------------------------------------


def undo_one(stage: Stage) -> None:
    """Give the records of one owner back, choose somebody else for them, and run it again."""
    kinds, before = stage.notes.kinds, stage.notes.before
    counts = Counter(
        {old: len(walk_truth.of_owner(before, old, kinds)) for old in stage.notes.mapping}
    )
    old, count = min(counts.items(), key=lambda item: item[1])
    now = walk_truth.read(stage.page, before)
    _give_back(stage, old)
    asked = stage.offered(stage.admin, Act.OPEN_MAPPING)[1]
    expected = {
        kind: {one: old if before[kind].get(one) == old else new for one, new in records.items()}
        if kind in kinds
        else records
        for kind, records in now.items()
    }
    found = walk_truth.read(stage.page, before)
    called = walk_mapping.names(stage)
    stage.expect(
        found == expected, "undone", "-", who=stage.admin.name, old=called[old], count=count
    )
    _choose_another(stage, old, asked)


def _give_back(stage: Stage, old: str) -> None:
    """Fill in the undo's modal for one owner."""
    modal = stage.open(stage.admin, Act.OPEN_UNDO, Form.UNDO)
    owner = next(one for one in owners_of(stage.page.hubspot.state()) if one["id"] == old)
    typed = str(owner["email"] or owner["name"]).partition("@")[0]

    def offered() -> bool:
        options = modal.suggest(Act.PICK_UNDO_OWNER, typed, Block.OWNER)
        return any(option["value"] == old for option in options)

    stage.page.wait_for(offered, f"{typed} among the owners whose records can be given back")
    values: Values = {
        Block.SCOPE: {VALUE: PART},
        Block.OWNER: {Act.PICK_UNDO_OWNER: old},
    }
    stage.fill(stage.admin, modal, values)


def _choose_another(stage: Stage, old: str, asked: Message) -> None:
    """Give the records that came back to somebody else; nobody else is asked about."""
    goal = stage.notes.mapping[old]
    target = next(
        one for one in walk_mapping.hubspot_owners(stage) if one["id"] not in goal.targets
    )
    confirmable = asked.element(Act.CONFIRM_MAPPING)
    shown = "" if confirmable is None else value_of(asked, Act.CONFIRM_MAPPING)
    modal = stage.open(stage.admin, Act.OPEN_MAPPING, Form.MAPPING)
    rows = list(walk_mapping.chosen(modal))
    if rows != [old]:
        raise NotSeen(f"the records of {old} came back, and these are asked about: {rows}")
    walk_mapping.pick(stage, modal, old, target)
    stage.close_all(stage.admin)
    stage.notes.mapping[old] = Goal((target["id"],))
    confirm(stage, shown=shown)
    run(stage)
