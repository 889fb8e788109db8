"""An engine in memory, built on the real rules, with delivery keys; and the other services."""

from __future__ import annotations

from datetime import datetime

from handlers.ports import AuditEntry, Outcome, Progress, Services
from tests.handlers.runs import ACCOUNT, ADMIN, APPROVERS, OTHER_ADMIN, TARGET, Story
from workflows import commands as c
from workflows import events as e
from workflows.decide import decide
from workflows.errors import Refused
from workflows.evolve import evolve, fold
from workflows.run import Run
from workflows.text import N_
from workflows.values import Owner, Policy, Role

STRANGER = "U0ZOE"
CHANNEL, AUDIT_CHANNEL = "C0RUN", "C0AUDIT"
LINK = "https://acme.slack.com/archives/C0RUN/p1"


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


class FakeEngine:
    """Runs in memory. ``broken`` makes the next command fail like a bug would."""

    def __init__(self, clock: FakeClock) -> None:
        self.histories: dict[str, list[e.Recorded]] = {}
        self.keys: dict[str, str] = {}
        self.commands: list[c.Command] = []
        self.problems: list[str] = []
        self.broken: Exception | None = None
        self._clock = clock

    def adopt(self, story: Story) -> None:
        """Take over a run with its history."""
        self.histories[story.run.id] = list(story.history)
        self._clock.time = story.now

    def execute(self, run_id: str, command: c.Command, delivery_key: str) -> Outcome:
        if self.broken is not None:
            raise self.broken
        if delivery_key in self.keys:
            known = self.run(self.keys[delivery_key])
            assert known is not None
            return Outcome(run=known, repeated=True)
        if isinstance(command.action, c.StartRun) and self.active_run() is not None:
            raise Refused(
                "run_active",
                N_("A run is active already; there can be only one."),
                N_("Use `/uninstall-salesforce status` to see where it is."),
            )
        run = self.run(run_id)
        happened = []
        for event in decide(run, command, self._clock.now()):
            seq = run.version + 1 if run else 1
            recorded = e.Recorded(seq=seq, at=self._clock.now(), actor=command.actor, event=event)
            run = evolve(run, recorded)
            happened.append(recorded)
        assert run is not None
        self.histories.setdefault(run_id, []).extend(happened)
        self.keys[delivery_key] = run_id
        self.commands.append(command)
        return Outcome(run=run, events=tuple(happened))

    def run(self, run_id: str) -> Run | None:
        history = self.histories.get(run_id)
        return fold(history) if history else None

    def active_run(self) -> Run | None:
        return next((run for run in self.runs() if not run.state.final), None)

    def runs(self) -> list[Run]:
        return [fold(history) for history in reversed(self.histories.values())]

    def audit(self, run_id: str) -> list[AuditEntry]:
        history = self.histories.get(run_id, [])
        return [AuditEntry(recorded=one, hash=f"{one.seq:064x}") for one in history]

    def audit_problems(self, run_id: str) -> list[str]:
        return self.problems

    def progress(self, run_id: str) -> Progress | None:
        return None

    def message_link(self, run_id: str) -> str | None:
        return LINK

    @property
    def one(self) -> Run:
        """The only run there is."""
        (history,) = self.histories.values()
        return fold(history)


class FakePeople:
    """Two administrators, the approvers, and everybody else."""

    def __init__(self) -> None:
        self.locales: dict[str, str] = {}

    def groups(self, user_id: str) -> frozenset[str]:
        return frozenset()

    def group_members(self) -> dict[str, tuple[str, ...]]:
        return {}

    def roles(self, user_id: str) -> frozenset[Role]:
        roles = set()
        if user_id in self.administrators():
            roles.add(Role.ADMINISTRATOR)
        if user_id in self.approvers():
            roles.add(Role.APPROVER)
        return frozenset(roles)

    def locale(self, user_id: str) -> str:
        return self.locales.get(user_id, "en-US")

    def administrators(self) -> list[str]:
        return [ADMIN, OTHER_ADMIN]

    def approvers(self) -> list[str]:
        return list(APPROVERS)


class FakeOwners:
    """HubSpot's active owners."""

    def __init__(self) -> None:
        self.owners: list[Owner] = [TARGET]

    def search(self, query: str, limit: int = 100) -> list[Owner]:
        wanted = query.lower()
        found = [owner for owner in self.owners if wanted in f"{owner.name} {owner.email}".lower()]
        return found[:limit]

    def get(self, owner_id: str) -> Owner | None:
        return next((owner for owner in self.owners if owner.id == owner_id), None)


def services(engine: FakeEngine, clock: FakeClock, owners: FakeOwners) -> Services:
    """Put the services together."""
    return Services(
        engine=engine,
        people=FakePeople(),
        owners=owners,
        clock=clock,
        account=ACCOUNT,
        policy=Policy(),
        channel=CHANNEL,
        channel_locale="en",
        audit_channel=AUDIT_CHANNEL,
    )
