"""What Slack's side needs of the running program; :mod:`bot` provides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from slack_sdk.models.views import View

from workflows.commands import Command
from workflows.events import Recorded
from workflows.run import Run
from workflows.values import Account, Owner, Policy, Role


@dataclass(frozen=True)
class Outcome:
    """What became of a command: the run after it, and the events it made happen.

    ``repeated`` is true for a delivery that was carried out before: nothing happened now.
    """

    run: Run
    events: tuple[Recorded, ...] = ()
    repeated: bool = False


Phase = Literal[
    "changing", "checking", "undoing", "backing_up", "rehearsing", "waiting", "removing"
]


@dataclass(frozen=True)
class Progress:
    """How far a reassignment, an undo, a backup, or the package's removal is.

    ``phase``: changing, checking (the histories, afterwards) or undoing, counted in records;
    backing_up, in records; rehearsing or removing, in the package's components, where ``failed``
    are the errors so far; waiting, for somebody else's deployment, named in ``label``. ``total`` is
    0 where it is not known yet. ``per_second`` is the rate now, ``seconds_left`` what is left of
    the phase at the account's limits; None: not known.

    ``job`` is the number of the job, of the backup, or of the removal's attempt. A backup is at
    ``step`` (planning, checking, waiting, reading, verifying) of the object ``label``, which is the
    ``part``-th of ``parts``; of a removal ``label`` is what Salesforce says that it is doing.
    """

    done: int
    total: int
    failed: int
    per_second: float = 0.0
    phase: Phase = "changing"
    seconds_left: float | None = None
    job: int = 0
    label: str = ""
    part: int = 0
    parts: int = 0
    step: str = ""

    def of(self, run: Run) -> bool:
        """Say whether this is about what *run* is at now, and not about something earlier."""
        match self.phase:
            case "backing_up":
                return run.backing_up is not None and self.job == run.backing_up.number
            case "rehearsing" | "waiting" | "removing":
                return run.bot_removing and self.job == run.bot_removal
            case _:
                return self.job == run.job


@dataclass(frozen=True)
class AuditEntry:
    """An event with its place in the hash chain (hexadecimal)."""

    recorded: Recorded
    hash: str


UNCHECKED = "cannot be checked"
"""How a problem of a run's record begins that says nothing for or against its history."""


class Engine(Protocol):
    """The one way to change a run, and the ways to look at runs."""

    def execute(self, run_id: str, command: Command, delivery_key: str) -> Outcome:
        """Carry out *command* once for *delivery_key*, durably, before returning.

        Raises:
            workflows.errors.Refused: the rules do not allow it; nothing happened.
            workflows.errors.SunsetError: it could not be recorded; nothing happened.
        """
        ...

    def run(self, run_id: str) -> Run | None:
        """Return a run, or None if there is none with this id."""
        ...

    def active_run(self) -> Run | None:
        """Return the account's run that is not over, if there is one."""
        ...

    def runs(self) -> list[Run]:
        """Return all runs of the account, newest first."""
        ...

    def audit(self, run_id: str) -> list[AuditEntry]:
        """Return a run's history with its hashes, oldest first."""
        ...

    def audit_problems(self, run_id: str) -> list[str]:
        """Recompute a run's hash chain and return what does not fit (empty: intact).

        A sentence that begins with :data:`UNCHECKED` accuses nobody: the check needs something.
        """
        ...

    def progress(self, run_id: str) -> Progress | None:
        """Return how far the run's job is, or None without one."""
        ...

    def message_link(self, run_id: str) -> str | None:
        """Return a permalink to the run's thread, once it was posted."""
        ...


class People(Protocol):
    """Who somebody is. Roles come from the settings alone, never from e-mail addresses."""

    def roles(self, user_id: str) -> frozenset[Role]:
        """Return what this Slack user may do; an empty set for strangers."""
        ...

    def locale(self, user_id: str) -> str:
        """Return the person's Slack locale, e.g. `pl-PL`; the channels' one if unknown."""
        ...

    def administrators(self) -> list[str]:
        """Return the Slack user ids of all administrators."""
        ...

    def approvers(self) -> list[str]:
        """Return the Slack user ids of everyone who may approve."""
        ...

    def groups(self, user_id: str) -> frozenset[str]:
        """Return the groups of approvers that this person can stand for."""
        ...

    def group_members(self) -> dict[str, tuple[str, ...]]:
        """Return each group of approvers with those of them who may approve."""
        ...


class Owners(Protocol):
    """HubSpot's active owners, held in memory: a picker must answer within 3 seconds."""

    def search(self, query: str, limit: int = 100) -> Sequence[Owner]:
        """Return the active owners whose name or e-mail contains *query*, best first."""
        ...

    def get(self, owner_id: str) -> Owner | None:
        """Return one active owner."""
        ...


class Files(Protocol):
    """Files that people hand over in a modal."""

    def read_file(self, file_id: str, most: int) -> bytes:
        """Return the content of a file that somebody uploaded to Slack.

        Raises:
            workflows.errors.SunsetError: it cannot be read (not granted, deleted, no answer), or
                is larger than *most* bytes.
        """
        ...


ReportAnswer = Literal["asked", "under_way"]
"""What becomes of the wish for a plan report: it is noted, or the person has one under way."""


class Reports(Protocol):
    """Plan reports, made in the background."""

    def ask(self, user: str, key: str) -> ReportAnswer:
        """Note durably that *user* wants a plan report; *key* is the delivery's.

        Raises:
            workflows.errors.SunsetError: the active run is frozen, or it could not be noted.
        """
        ...


class Homes(Protocol):
    """The App Homes that are kept up to date."""

    def opened(self, user: str, view: View) -> None:
        """Keep *user*'s home up to date from now on; *view* is what was just published."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...


@dataclass(frozen=True)
class Services:
    """Everything that listeners are given."""

    engine: Engine
    people: People
    owners: Owners
    clock: Clock
    account: Account
    policy: Policy
    channel: str
    channel_locale: str
    audit_channel: str = ""
    files: Files | None = None
    """None: this program takes no files."""
    reports: Reports | None = None
    """None: this program makes no plan reports."""
    acknowledged: Callable[[float], None] = lambda _: None
    """Is told how long, in seconds, Slack waited for an acknowledgement."""
    homes: Homes | None = None
    """None: homes are published when they are opened, and not again."""
