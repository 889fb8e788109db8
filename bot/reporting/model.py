"""What a report holds, as values: no language, no layout. JSON is these values (docs/report.md).

A reader of the JSON may rely on: fields are only added within a :data:`VERSION`; times are ISO 8601
in UTC; sentences are in the report's ``language``, everything else is the same in all of them.
"""

from __future__ import annotations

from typing import Literal

from workflows.base import Instant, Value
from workflows.values import Actor, Forecast, Owner

VERSION = 1
"""Of the JSON; a field that goes or changes its meaning makes a new one."""

Gate = Literal["plan", "removal"]
MomentKind = Literal["verified", "attested", "approved", "trouble", "deadline"]
Counts = dict[str, int]
"""Object type -> number of records."""


class Facts(Value):
    """What the run is: who wanted what, and how it stands. ``left`` are records as last counted."""

    id: str
    portal_id: str
    ui_domain: str
    state: str
    final: bool
    reason: str
    note: str
    requester: str
    responsible: str
    were_responsible: tuple[str, ...]
    started_at: Instant
    ended_at: Instant | None
    end_reason: str
    last_at: Instant
    """When the last event was recorded: the report tells what happened until then."""
    cannot_undo: tuple[str, ...]
    frozen: bool
    labels: dict[str, str]
    """What people call the account's custom objects."""
    missing: tuple[str, ...]
    """What was not granted to the bot, and the procedure did without."""


class StepProof(Value):
    """A step of the procedure, and how it is known to be done.

    ``attested`` by people has their ids in ``people``; ``verified`` has a reading: ``source``,
    ``says`` and ``read_at``. ``at`` is when it was recorded.
    """

    name: str
    ids: tuple[str, ...]
    mark: Literal["verified", "attested", "skipped", "missed", "waiting", "open"]
    at: Instant | None = None
    by: Actor | None = None
    people: tuple[str, ...] = ()
    source: str = ""
    says: str = ""
    read_at: Instant | None = None


class Span(Value):
    """A time in which the run was in a state; open-ended while it lasts."""

    began: Instant
    ended: Instant | None


class Phase(Value):
    """A state of the run, or `blocked` or `frozen`, with the times in which it was so."""

    name: str
    spans: tuple[Span, ...]


class Moment(Value):
    """Something to be marked on the timeline, in the row of ``phase``."""

    at: Instant
    phase: str
    kind: MomentKind
    seq: int


class Vote(Value):
    """What somebody did about an approval; ``digest`` is of what their message showed."""

    seq: int
    at: Instant
    person: str
    did: Literal["approved", "withdrew", "no_longer_may", "declined", "consented", "acknowledged"]
    digest: str = ""
    groups: tuple[str, ...] = ()
    reason: str = ""


class PlanShown(Value):
    """The plan that was asked about."""

    taken_at: Instant
    owners: int
    counts: Counts
    package: str
    version: str
    forecast: Forecast


class RemovalShown(Value):
    """What was asked to be deleted: the package with its contents, and what is kept of it."""

    package: str
    version: str
    org_id: str
    org_is_sandbox: bool
    components: dict[str, int]
    """Component type -> how many."""
    objects: tuple[ObjectShown, ...]
    keep_copy: bool
    backup_sha256: str = ""
    waived_by: str = ""


class ObjectShown(Value):
    """A custom object of the package; ``records`` is None where they could not be counted."""

    name: str
    records: int | None
    estimated: bool


class Approval(Value):
    """One round of asking for approval: what was asked, who answered what, how it ended."""

    gate: Gate
    digest: str
    asked_at: Instant
    quorum: int
    groups: tuple[str, ...]
    plan: PlanShown | None = None
    removal: RemovalShown | None = None
    votes: tuple[Vote, ...]
    outcome: Literal["passed", "declined", "lapsed", "reopened", "ended", "open"]
    decided_at: Instant | None = None
    approvers: tuple[str, ...] = ()


class OwnerRow(Value):
    """A Salesforce-only owner with the records before and after.

    ``after`` is None where nothing was counted after a reassignment. ``gone``: not listed any more.
    ``goes_to`` are the HubSpot owners that were chosen, ``others`` records that were not to go.
    """

    owner: Owner
    why: Literal["queue", "no_hubspot_user", "email_unknown"]
    excluded: bool
    before: Counts
    after: Counts | None
    gone: bool
    others: Counts
    goes_to: tuple[Owner, ...] = ()


class Received(Value):
    """What a HubSpot owner has got from Sunset and, as far as Sunset knows, still has."""

    owner: Owner
    counts: Counts


class Job(Value):
    """A reassignment, or an undo, by its ledger: how many rows ended how."""

    number: int
    undo: bool
    began: Instant | None
    ended: Instant | None
    by: Actor | None
    changed: int = 0
    failed: int = 0
    left_alone: int = 0
    gone: int = 0
    overwritten: int = 0
    given_back: int = 0
    kept: int = 0
    unsettled: int = 0


class FailedRecord(Value):
    """A record that HubSpot would not change; ``ended`` is what a later job made of it."""

    job: int
    object_type: str
    record_id: str
    old_owner: str
    reason: str
    reference: str
    ended: str


class Records(Value):
    """Step 2: records by owner before and after."""

    types: tuple[str, ...]
    counted_before: Instant | None
    counted_after: Instant | None
    rows: tuple[OwnerRow, ...]
    received: tuple[Received, ...]
    jobs: tuple[Job, ...]
    failed: tuple[FailedRecord, ...]
    failed_count: int
    """All of them; ``failed`` are the first."""


class Trouble(Value):
    """Something that went wrong: the event that told it, and the one that ended it."""

    seq: int
    at: Instant
    type: str
    text: str
    ended_seq: int | None = None
    ended_at: Instant | None = None
    ended_by: Actor | None = None
    ended_text: str = ""


class BackupShown(Value):
    """A backup of the package's data by Sunset."""

    directory: str
    manifest_sha256: str
    files: int
    rows: int
    bytes: int
    began: Instant
    counts: bool
    """Whether it is of the package as it was approved."""
    gap_count: int
    hidden: int


class DataCopy(Value):
    """Salesforce's copy of the package's data, Sunset's backup, and the waiver of one.

    The true removal lies between ``last_seen_at`` and ``missing_at``, so the copy is there until
    ``deadline`` at least.
    """

    outcome: str
    """A sentence: what became of the copy."""
    keep: bool | None
    window_seconds: int
    last_seen_at: Instant | None
    missing_at: Instant | None
    deadline: Instant | None
    reminded: tuple[int, ...]
    """Seconds before the deadline."""
    missed: tuple[int, ...]
    downloaded: bool | None
    downloaded_by: str
    downloaded_at: Instant | None
    where: str
    backup: BackupShown | None
    waived_by: str
    waived_at: Instant | None
    waived_reason: str


class Chain(Value):
    """The end of the run's hash chain, and what recomputing it showed when the report was made."""

    seq: int
    hash: str
    key: str
    """The fingerprint of the key; '' for plain SHA-256."""
    check: Literal["intact", "changed", "unchecked"]
    problems: tuple[str, ...]
    command: str


class Entry(Value):
    """One event, or several alike in a row: numbers ``first`` to ``last``, all by ``by``."""

    first: int
    last: int
    at: Instant
    until: Instant
    by: Actor
    type: str
    text: str
    """Without Slack's notation; of the first, where there are several."""
    hash: str
    """Of the last."""


class Report(Value):
    """Everything that is told about a run. Equal records make equal reports."""

    format: Literal["sunset-report"] = "sunset-report"
    version: int = VERSION
    language: str
    people: dict[str, str]
    """Slack user id -> name, as Slack told it when the report was made; it is not recorded."""
    run: Facts
    steps: tuple[StepProof, ...]
    phases: tuple[Phase, ...]
    moments: tuple[Moment, ...]
    approvals: tuple[Approval, ...]
    records: Records
    troubles: tuple[Trouble, ...]
    data_copy: DataCopy
    chain: Chain
    history: tuple[Entry, ...]
    history_left_out: int
    """Entries in the middle that are not in ``history``; `sunset audit export` has them all."""
