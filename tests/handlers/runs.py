"""Drives a run to any prompt by real commands through decide and evolve, for tests of views."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from workflows import commands as c
from workflows import events as e
from workflows.decide import decide
from workflows.evolve import evolve
from workflows.prompts import Ask, prompt
from workflows.rules.approval import shown
from workflows.run import Run
from workflows.text import N_, Text
from workflows.timers import timers
from workflows.values import (
    BOT,
    Account,
    Actor,
    Backup,
    Blocker,
    Component,
    CustomObject,
    Failure,
    Forecast,
    Inventory,
    OwnedRecords,
    Owner,
    Package,
    Plan,
    Policy,
    Reading,
    Reason,
    Role,
    Suggestion,
    Tally,
)

ADMIN, OTHER_ADMIN = "U0ADMIN", "U0OTHER"
APPROVERS = ("U0ANNA", "U0BEN")
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACCOUNT = Account(portal_id="4711", account_type="STANDARD", time_zone="Europe/Warsaw")
SHA256 = "feedbeef" * 8
TARGET = Owner(id="900", name="Hanna Hub", email="hanna@example.com")


def inventory(components: int = 3, blockers: int = 1, name: str = "Prefs__c") -> Inventory:
    """Make a package with this many components, and a blocker or more."""
    return Inventory(
        package=Package(
            id="033", name="HubSpot Integration", namespace="HubSpot_Inc", version="3.0.1"
        ),
        components=tuple(
            Component(type="ApexClass" if number % 2 else "ApexPage", name=f"{name}{number}")
            for number in range(components)
        ),
        objects=(CustomObject(name=f"HubSpot_Inc__{name}", records=42), CustomObject(name=name)),
        blockers=tuple(
            Blocker(type="Layout", name=f"Contact {number} {name}", refers_to=name, problem=name)
            for number in range(blockers)
        ),
        org_id="00D000000000001",
        org_url="https://acme.my.salesforce.com",
        incomplete=(N_("Flows could not be read ({message}).", message=name),),
    )


def backup(gaps: int = 0, hidden: int = 0, name: str = "Prefs__c") -> Backup:
    """Make a verified backup with this many gaps, the first *hidden* of which hide data."""
    return Backup(
        directory="/var/lib/sunset/backups/backup-00D000000000001-20261123T090000Z",
        manifest_sha256=SHA256,
        files=2,
        rows=25_000,
        bytes=41_600_000,
        began=START,
        gaps=tuple(N_("{name}: gap {number}", name=name, number=one) for one in range(gaps)),
        gap_count=gaps,
        hidden=hidden,
    )


def owners(number: int = 2, name: str = "Sam Sales", records: int = 30) -> tuple[OwnedRecords, ...]:
    """Make Salesforce-only owners; the first has a suggestion, the last is a queue."""
    return tuple(
        OwnedRecords(
            owner=Owner(id=f"{100 + index}", name=f"{name} {index}", email=f"s{index}@sf.example"),
            why="queue" if index == number - 1 else "no_hubspot_user",
            counts={"contacts": records, "companies": 5, "deals": 1},
            other_counts={"tickets": 4},
            suggestion=Suggestion(target=TARGET, why="manager") if index == 0 else None,
        )
        for index in range(number)
    )


class Story:
    """A run and its history; each call of :meth:`person` or :meth:`bot` is one command."""

    def __init__(
        self,
        *,
        reason: Reason = Reason.LEAVING_SALESFORCE,
        note: str = "",
        owned: tuple[OwnedRecords, ...] | None = None,
        package: Inventory | None = None,
        installed: bool = True,
        policy: Policy | None = None,
        account: Account = ACCOUNT,
        approvers: tuple[str, ...] = APPROVERS,
        members: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.owned = owners() if owned is None else owned
        self.package = package or inventory()
        self.installed = installed
        """Whether the plan sees the package."""
        self.now = START
        self.history: list[e.Recorded] = []
        self._run: Run | None = None
        self.person(
            c.StartRun(
                run_id="run-1",
                account=account,
                reason=reason,
                note=note,
                confirmed=frozenset({"P0a", "P0b", "P0c"}),
                eligible_approvers=approvers,
                group_members=members or {},
                policy=policy or Policy(),
            )
        )

    @property
    def run(self) -> Run:
        """The run as it is now."""
        assert self._run is not None
        return self._run

    @property
    def last(self) -> e.Recorded:
        """The last event."""
        return self.history[-1]

    @property
    def ask(self) -> Ask:
        """What is asked now."""
        return prompt(self.run).ask

    def person(self, action: c.Action, who: str = ADMIN) -> Story:
        """Let a person do something; everybody has the role that the action needs."""
        return self._do(action, Actor(kind="person", id=who))

    def bot(self, action: c.Action) -> Story:
        """Let the bot report something."""
        return self._do(action, BOT)

    def reading(self, says: Text | str = "as expected") -> Reading:
        """Make a reading taken now."""
        return Reading(at=self.now, source="hubspot", says=says)

    def wait(self, length: timedelta) -> Story:
        """Let time pass."""
        self.now += length
        return self

    def reach(self, kind: str) -> Story:
        """Let time pass until this timer is due, and fire what is due by then."""
        (due,) = (timer.due for timer in timers(self.run) if timer.kind == kind)
        self.now = max(self.now, due)
        return self.bot(c.FireTimers(due=(c.DueTimer(kind=kind, due=due),)))

    def _do(self, action: c.Action, actor: Actor) -> Story:
        self.now += timedelta(minutes=1)
        command = c.Command(
            actor=actor,
            roles=frozenset({Role.ADMINISTRATOR, Role.APPROVER}),
            version=None if self._run is None else self._run.prompt_version,
            action=action,
        )
        for event in decide(self._run, command, self.now):
            number = len(self.history) + 1
            recorded = e.Recorded(seq=number, at=self.now, actor=actor, event=event)
            self._run = evolve(self._run, recorded)
            self.history.append(recorded)
        return self


# --- chapters, in the procedure's order ----------------------------------------------------------


def planned(story: Story) -> Story:
    """Record the plan, and insist where the reason is a sync problem."""
    story.bot(
        c.RecordPlan(
            plan=Plan(
                account=story.run.account,
                owners=story.owned,
                active_owners=12,
                inventory=story.package if story.installed else None,
                requester_is_super_admin=True,
                forecast=Forecast(
                    search_calls=20,
                    update_calls=9,
                    seconds=240,
                    daily_limit=1000,
                    daily_remaining=900,
                ),
                taken_at=story.now,
            )
        )
    )
    if story.ask is Ask.ACKNOWLEDGE_ADVICE:
        story.person(c.AcknowledgeAdvice())
    return story


def approved(story: Story) -> Story:
    """Let the first approvers approve until the gate is passed."""
    for person in story.run.eligible_approvers[: story.run.policy.quorum]:
        story.person(c.Approve(shown=shown(story.run)), person)
    return story


def disconnect_reported(story: Story) -> Story:
    """Report P1a-e."""
    return story.person(
        c.ReportDisconnected(
            reason="No longer needed",
            phrase="Uninstall Salesforce",
            saved_mappings=frozenset({"contacts", "companies", "deals"}),
        )
    )


def sync_quiet(story: Story) -> Story:
    """Verify the disconnect."""
    return story.bot(c.RecordSyncQuiet(reading=story.reading("quiet twice")))


def counted(story: Story) -> Story:
    """Count the planned owners again."""
    return story.bot(c.RecordOwners(owners=story.owned, reading=story.reading()))


def mapped(story: Story) -> Story:
    """Give everything to one owner and start the job."""
    return confirmed(story.person(c.MapRemaining(target=TARGET)))


def confirmed(story: Story) -> Story:
    """Confirm the mapping as it is shown."""
    return story.person(c.ConfirmMapping(shown=story.run.mapping_version))


def finished(story: Story, failures: int = 1) -> Story:
    """End the job."""
    return story.bot(
        c.RecordReassigned(
            job=story.run.job,
            tallies=tuple(
                Tally(owner_id=owned.owner.id, object_type=kind, changed=count)
                for owned in story.owned
                for kind, count in owned.counts.items()
            ),
            failures=tuple(
                Failure(object_type="contacts", record_id=str(number), reason="<!here> invalid")
                for number in range(failures)
            ),
            failure_count=failures,
        )
    )


def none_left(story: Story) -> Story:
    """Count again and find nothing left; the owners are still listed."""
    empty = tuple(owned.model_copy(update={"counts": {}}) for owned in story.owned)
    return story.bot(c.RecordOwners(owners=empty, reading=story.reading("0 records")))


def owners_deleted(story: Story) -> Story:
    """Report P2c-e."""
    return story.person(c.ReportOwnersDeleted())


def owners_gone(story: Story) -> Story:
    """Verify P2d."""
    return story.bot(c.RecordOwnersGone(reading=story.reading("none listed")))


def inventory_taken(story: Story) -> Story:
    """Read the package (P3c)."""
    return story.bot(c.RecordInventory(inventory=story.package, reading=story.reading()))


def backup_begun(story: Story) -> Story:
    """Begin a backup."""
    return story.person(c.StartBackup())


def backup_ended(story: Story, made: Backup | None = None) -> Story:
    """End the backup under way, verified."""
    number = story.run.backups
    return story.bot(
        c.RecordBackup(number=number, backup=made or backup(), reading=story.reading("as many"))
    )


def backed_up(story: Story, made: Backup | None = None) -> Story:
    """Make a backup."""
    return backup_ended(backup_begun(story), made)


def no_copy(story: Story) -> Story:
    """Choose to keep none (P3d)."""
    return story.person(c.ChooseDataCopy(keep=False))


def waived(story: Story, reason: str = "Everything lies in our warehouse too.") -> Story:
    """Let an approver do without the backup."""
    return story.person(c.WaiveBackup(reason=reason), APPROVERS[0])


def copy_wanted(story: Story) -> Story:
    """Choose to keep a copy (P3d)."""
    return story.person(c.ChooseDataCopy(keep=True))


def removal_approved(story: Story) -> Story:
    """Consent (P3e) and approve."""
    return approved(story.person(c.GiveConsent()))


def uninstall_reported(story: Story) -> Story:
    """Report P3f."""
    return story.person(c.ReportUninstalled())


def package_gone(story: Story) -> Story:
    """Prove that the package is gone."""
    return story.bot(c.RecordPackageGone(last_seen_at=story.now, reading=story.reading("no row")))


def downloaded(story: Story) -> Story:
    """Confirm the download (P4)."""
    return story.person(c.ConfirmDownloaded(where="Archive / 2026 / HubSpot"))


Chapter = Callable[[Story], Story]
CHAPTERS: tuple[Chapter, ...] = (
    planned,
    approved,
    disconnect_reported,
    sync_quiet,
    counted,
    mapped,
    finished,
    none_left,
    owners_deleted,
    owners_gone,
    inventory_taken,
    copy_wanted,
    removal_approved,
    inventory_taken,
    uninstall_reported,
    package_gone,
    downloaded,
)
_ASIDE: dict[Ask, tuple[Ask, tuple[Chapter, ...]]] = {
    Ask.REASSIGNMENT_PAUSED: (
        Ask.WAIT_REASSIGNMENT,
        (lambda story: story.person(c.PauseReassignment()),),
    ),
    Ask.WAIT_STOP: (
        Ask.WAIT_REASSIGNMENT,
        (lambda story: story.person(c.StopReassignment()),),
    ),
    Ask.REASSIGNMENT_LEFT: (Ask.WAIT_COUNT, (counted,)),
    Ask.WAIT_UNDO: (
        Ask.WAIT_COUNT,
        (counted, lambda story: story.person(c.UndoReassignment())),
    ),
    Ask.WAIT_BACKUP: (Ask.CHOOSE_DATA_COPY, (backup_begun,)),
    Ask.CONFIRM_NO_COPY: (Ask.CHOOSE_DATA_COPY, (backed_up, no_copy)),
    Ask.COMPARE_AGAIN: (
        Ask.REMOVE_PACKAGE,
        (lambda story: story.reach("comparison_lapses"),),
    ),
}


def unsecured(story: Story | None = None) -> Story:
    """Tell a story until no copy is wanted and nothing else keeps the data."""
    return no_copy(tell(Ask.CHOOSE_DATA_COPY, story))


def removing(story: Story | None = None) -> Story:
    """Tell a story until the bot removes the package."""
    story = tell(Ask.CONFIRM_NO_COPY, story).person(c.ConfirmNoCopy())
    return inventory_taken(removal_approved(story)).person(c.RemoveByBot())


def tell(ask: Ask, story: Story | None = None) -> Story:
    """Tell a story until it asks *ask*, by the shortest way through the procedure."""
    if story is None:
        reason = Reason.SYNC_PROBLEM if ask is Ask.ACKNOWLEDGE_ADVICE else Reason.LEAVING_SALESFORCE
        story = Story(reason=reason)
    if ask is Ask.ACKNOWLEDGE_ADVICE:
        return story.bot(c.RecordPlan(plan=Plan(account=story.run.account, taken_at=story.now)))
    through, aside = _ASIDE.get(ask, (ask, ()))
    for chapter in CHAPTERS:
        if story.ask is through:
            break
        chapter(story)
    for chapter in aside:
        chapter(story)
    assert story.ask is ask, f"the story asks {story.ask}, not {ask}"
    return story
