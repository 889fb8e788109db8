"""Closed prompts, notices, audit lines and reminders: every event has its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

import pytest

from handlers.actions import Act, Ref
from handlers.i18n import Translator
from handlers.ports import AuditEntry
from handlers.render import (
    Message,
    audit_line,
    closed_prompt,
    missed_reminders,
    notice,
    reminder,
    scheduled_reminder,
)
from handlers.views.describe import covered, describe
from tests.handlers import runs
from tests.handlers.runs import ADMIN, OTHER_ADMIN, START, TARGET, Story, tell
from tests.handlers.views.looks import (
    EN,
    ESCAPED,
    HOSTILE,
    PL,
    WORDY,
    acts,
    buttons,
    fits,
    refs,
    shown,
)
from workflows import commands as c
from workflows import events as e
from workflows.effects import effects
from workflows.evolve import evolve
from workflows.prompts import Ask
from workflows.rules import approval
from workflows.run import Run
from workflows.text import N_
from workflows.values import (
    BOT,
    CORE_OBJECTS,
    OTHER_OBJECTS,
    Actor,
    Blocker,
    Owner,
    Reason,
    Role,
    Tally,
)

KINDS = set(get_args(get_args(e.AnyEvent)[0]))
HASH = "0123456789abcdef" * 4


def _stories() -> Iterator[Story]:
    """Tell stories that together make every kind of event happen, with hostile words."""
    text = N_("It says {message}.", message=HOSTILE)
    long = (HOSTILE * 60)[:2_000]
    yield tell(Ask.OVER, Story(reason=Reason.SYNC_PROBLEM, note=long))
    yield tell(Ask.APPROVE_PLAN).person(c.RetakePlan())
    yield tell(Ask.APPROVE_PLAN).person(c.Decline(reason=long), "U0ANNA")
    yield tell(Ask.APPROVE_REMOVAL).person(c.Decline(reason=long), "U0ANNA")
    yield tell(Ask.APPROVE_PLAN).reach("approvals_lapse")
    yield tell(Ask.APPROVE_PLAN).reach("approvals_lapse_soon")
    story = tell(Ask.APPROVE_PLAN)
    story.person(c.Approve(shown=approval.shown(story.run)), "U0ANNA")
    story.person(c.WithdrawApproval(), "U0ANNA")
    yield _written(story, e.ApprovalVoided(gate="plan", person="U0ANNA"))
    yield tell(Ask.APPROVE_REMOVAL).reach("approvals_lapse")
    story = tell(Ask.WAIT_SYNC).person(c.CheckNow())
    story.bot(c.RecordSyncRunning(reading=story.reading(long), last_sync=story.now))
    yield runs.disconnect_reported(story).bot(c.RecordSyncUnreadable(why=text))
    story = Story(owned=(), installed=False)
    yield tell(Ask.WAIT_INVENTORY, story).bot(c.RecordPackageAbsent(reading=story.reading()))
    story = tell(Ask.REASSIGNMENT_PAUSED, Story(owned=runs.owners(300, HOSTILE)))
    runs.counted(runs.finished(story.person(c.ResumeReassignment())))
    runs.counted(runs.finished(story.person(c.RetryReassignment())))
    story.person(c.ChangeMapping()).person(c.UndoReassignment())
    yield story.bot(
        c.RecordUndone(job=story.run.job, restored=1_000, left_alone=2, still_changed=2)
    )
    yield from _mapping_stories()
    yield _waiting_story()
    story = tell(Ask.WAIT_OWNERS_GONE, Story(owned=runs.owners(300, HOSTILE)))
    remain = tuple(owned.owner for owned in story.owned)
    yield story.bot(c.RecordOwnersRemain(owners=remain, reading=story.reading()))
    yield from _package_stories()
    yield from _control_stories(long)


def _mapping_stories() -> Iterator[Story]:
    story = tell(Ask.MAP_OWNERS, Story(owned=runs.owners(300, HOSTILE)))
    several = tuple(Owner(id=str(900 + number), name=HOSTILE * 4) for number in range(1, 40))
    kinds = dict.fromkeys((*CORE_OBJECTS, *OTHER_OBJECTS, HOSTILE), several[0])
    story.person(c.MapOwner(owner_id="100", target=TARGET, others=several))
    story.person(c.MapOwner(owner_id="101", target=TARGET, kinds={"deals": several[0]}))
    story.person(c.ExcludeOwner(owner_id="100")).person(c.IncludeOwner(owner_id="100"))
    story.person(c.ChooseObjects(others=frozenset({"tickets"}))).person(c.RequestMappingFile())
    yield story
    yield _written(
        story,
        e.OwnerMapped(owner_id="1", owner_name=HOSTILE * 20, target=several[0], kinds=kinds),
        e.ObjectsChosen(objects=(*CORE_OBJECTS, *(f"{HOSTILE}{n}" for n in range(50)))),
    )


def _written(story: Story, *events: e.Event) -> Story:
    """Write events into a story's history that no command of a test makes."""
    for event in events:
        recorded = e.Recorded(seq=len(story.history) + 1, at=story.now, actor=BOT, event=event)
        story.history.append(recorded)
    return story


def _waiting_story() -> Story:
    story = tell(Ask.WAIT_REASSIGNMENT, Story(owned=runs.owners(3, HOSTILE)))
    until, job = story.now + timedelta(hours=9), story.run.job
    story.bot(c.RecordReassignmentWaiting(job=job, until=until, remaining=130_000, reserve=125_000))
    story.bot(c.RecordReassignmentGoesOn(job=job)).person(c.StopReassignment())
    overwritten = Tally(owner_id="100", object_type=HOSTILE, changed=2, left_alone=3, overwritten=4)
    story.bot(c.RecordReassigned(job=job, tallies=(overwritten,)))
    runs.counted(story).person(c.UndoReassignment(owner_id="100", object_type="deals"))
    return story


def _package_stories() -> Iterator[Story]:
    package = runs.inventory(3_000, 200, HOSTILE)
    story = tell(Ask.CHOOSE_DATA_COPY, Story(package=package))
    runs.backup_begun(story).person(c.StopBackup())
    runs.no_copy(story).person(c.ReconsiderDataCopy())
    runs.waived(runs.no_copy(story), (HOSTILE * 60)[:2_000]).person(c.ConfirmNoCopy())
    runs.removal_approved(story)
    # The package changed: neither approvals nor the waiver count any more.
    story.bot(c.RecordInventory(inventory=runs.inventory(), reading=story.reading()))
    story.package = runs.inventory()
    runs.backed_up(story, runs.backup(500, 300, HOSTILE * 6)).person(c.ReconsiderDataCopy())
    runs.backed_up(story).person(c.ChooseDataCopy(keep=False)).person(c.ConfirmNoCopy())
    runs.removal_approved(story)
    story.bot(c.RecordBackupOutdated(changed=1_200, reading=story.reading()))
    runs.backed_up(story).person(c.ConfirmNoCopy())
    runs.inventory_taken(runs.removal_approved(story))
    more = story.package.model_copy(update={"blockers": package.blockers})
    story.bot(c.RecordInventory(inventory=more, reading=story.reading()))
    yield _failing(story, package.blockers)
    story = tell(Ask.DOWNLOAD_COPY)
    story.person(c.AskWhoElse())
    yield story.reach("reminder:14400").reach("window_end")


def _failing(story: Story, problems: tuple[Blocker, ...]) -> Story:
    """Let the removal fail in every way there is, before it succeeds."""
    story.person(c.RemoveByBot())
    story.bot(c.RecordRemovalFailed(problems=problems, reference=HOSTILE, rehearsal=True))
    story.person(c.RemoveByBot())
    why = (HOSTILE * 30)[:1_000]
    story.bot(c.RecordRehearsal(attempt=2, outcome="not_possible", why=why))
    story.bot(c.RecordRemovalFailed(problems=problems, reference=HOSTILE))
    story.person(c.RemoveByBot()).bot(c.RecordRehearsal(attempt=3, outcome="passed"))
    story.bot(c.RecordRemovalDeploying(attempt=3)).bot(c.RecordRemovalHeld(attempt=3))
    story.bot(c.RecordRemovalDeploying(attempt=3))
    story.bot(c.RecordRemovalDeployed(attempt=3, reference=HOSTILE))
    story.bot(c.RecordRemovalStalled(blockers=problems, reading=story.reading()))
    runs.inventory_taken(story.reach("comparison_lapses"))
    story.person(c.ReportUninstalled())
    story.bot(c.RecordRemovalStalled(blockers=(), reading=story.reading()))
    return runs.package_gone(story.person(c.ReportUninstalled()))


def _control_stories(long: str) -> Iterator[Story]:
    story = tell(Ask.DELETE_OWNERS)
    story.person(c.HandOver(to=OTHER_ADMIN, to_roles=frozenset({Role.ADMINISTRATOR})))
    story.person(c.Freeze(reason=long)).person(c.Unfreeze(), OTHER_ADMIN)
    text = N_("It says {message}.", message=HOSTILE)
    story.bot(c.RecordBlocked(code="x", problem=text, remedy=text, reference=HOSTILE))
    story.person(c.Retry())
    story.bot(c.RecordBlocked(code="y", problem=text, remedy=text)).bot(c.RecordRecovered())
    story.bot(c.RecordCapabilityMissing(capability=HOSTILE, problem=text))
    yield story.person(c.Cancel(reason=long))
    yield tell(Ask.WAIT_PLAN).person(c.Freeze()).person(c.Cancel())


def _moments() -> dict[str, tuple[Run | None, e.Recorded, Run]]:
    """Return, for every event of all stories: the run before it, the event, the run after it."""
    moments: dict[str, tuple[Run | None, e.Recorded, Run]] = {}
    for number, story in enumerate(_stories()):
        run: Run | None = None
        for recorded in story.history:
            after = evolve(run, recorded)
            moments[f"{number}-{recorded.seq}-{recorded.event.type}"] = (run, recorded, after)
            run = after
    return moments


MOMENTS = _moments()


def _hostile(message: Message) -> bool:
    said = f"{message.text}\n{shown(message)}"
    return any(word in said for word in ("<!channel", "<@U0EVIL", "<https"))


def test_every_kind_of_event_can_be_described_and_happens_here() -> None:
    assert covered() == KINDS
    assert {type(recorded.event) for _, recorded, _ in MOMENTS.values()} == KINDS


@pytest.mark.parametrize("tr", [EN, PL, WORDY], ids=["en", "pl", "wordy"])
@pytest.mark.parametrize("kind", sorted({key.rpartition("-")[2] for key in MOMENTS}))
def test_every_event_has_its_messages(kind: str, tr: Translator) -> None:
    for key in MOMENTS:
        if key.endswith(f"-{kind}"):
            _has_its_messages(key, tr)


def _has_its_messages(key: str, tr: Translator) -> None:
    before, recorded, after = MOMENTS[key]
    line = fits(audit_line(AuditEntry(recorded, HASH), after.id, tr))
    assert not _hostile(line)
    assert "\n" not in line.text
    assert acts(line) == set()
    kinds = {effect.kind for effect in effects(before, recorded, after)}
    if "close_prompt" in kinds:
        closed = fits(closed_prompt(after, recorded, tr))
        assert not _hostile(closed)
        assert buttons(closed) == []
    if "notice" in kinds:
        told = fits(notice(after, recorded, tr))
        assert not _hostile(told)
        assert refs(told) <= {Ref(after.id, after.prompt_version)}


def _at(kind: type[e.Event]) -> tuple[e.Recorded, Run]:
    return next(
        (recorded, after)
        for _, recorded, after in MOMENTS.values()
        if isinstance(recorded.event, kind)
    )


def test_an_audit_line_has_number_time_actor_what_and_hash() -> None:
    recorded, after = _at(e.GatePassed)
    line = audit_line(AuditEntry(recorded, HASH), after.id, EN).text
    assert line.startswith(f"`run-1` *#{recorded.seq}* {EN.moment(recorded.at)} · <@U0BEN> · ")
    assert "The plan was approved by <@U0ANNA> and <@U0BEN>" in line
    assert line.endswith("`0123456789abcdef`")


def test_a_closed_prompt_says_what_became_of_it() -> None:
    recorded, after = _at(e.GatePassed)
    text = shown(closed_prompt(after, recorded, EN))
    assert "The plan was approved by <@U0ANNA> and <@U0BEN>" in text
    recorded, after = _at(e.Declined)
    text = shown(closed_prompt(after, recorded, EN))
    assert f"Reason: {ESCAPED}" in text


def test_a_long_reason_is_shown_whole_where_a_question_is_closed() -> None:
    declined = e.Declined(gate="plan", reason="r" * 2_000)
    actor = Actor(kind="person", id="U0ANNA")
    recorded = e.Recorded(seq=9, at=START, actor=actor, event=declined)
    closed = fits(closed_prompt(tell(Ask.OVER).run, recorded, EN))
    assert "r" * 2_000 in shown(closed)


def test_notices_carry_the_button_that_mends() -> None:
    recorded, after = _at(e.Blocked)
    assert acts(notice(after, recorded, EN)) == {Act.RETRY}
    recorded, after = _at(e.Frozen)
    assert acts(notice(after, recorded, EN)) == {Act.UNFREEZE}
    recorded, after = _at(e.HelpRequested)
    told = notice(after, recorded, EN)
    assert acts(told) == {Act.OPEN_DOWNLOADED}
    assert "<@U0ANNA>, <@U0BEN>" in shown(told)


def test_other_arguments_of_a_sentence_are_escaped() -> None:
    recorded, _ = _at(e.CapabilityMissing)
    assert f"It says {ESCAPED}" in describe(recorded.event, EN)


def test_waiting_for_the_daily_limit_says_what_is_left_and_what_is_kept() -> None:
    recorded, after = _at(e.ReassignmentWaits)
    assert isinstance(recorded.event, e.ReassignmentWaits)
    text = shown(fits(notice(after, recorded, EN)))
    for part in ("130,000 requests are left", "125,000 are kept", "other integrations"):
        assert part in text
    assert EN.moment(recorded.event.until) in text
    assert "Nothing is lost" in text
    assert "<@" not in text, "nobody has to do anything"


def test_a_finished_job_tells_its_own_result_whatever_came_after() -> None:
    story = tell(Ask.WAIT_COUNT)
    recorded = story.last
    runs.counted(story).person(c.UndoReassignment())
    story.bot(c.RecordUndone(job=story.run.job, restored=72, left_alone=0, still_changed=0))
    assert not story.run.tallies
    assert "contacts: 60 changed" in shown(notice(story.run, recorded, EN))


def test_what_changed_hands_meanwhile_is_told() -> None:
    recorded, after = next(
        (recorded, after)
        for _, recorded, after in MOMENTS.values()
        if isinstance(recorded.event, e.ReassignmentFinished)
        and any(tally.overwritten for tally in recorded.event.tallies)
    )
    text = shown(fits(notice(after, recorded, EN)))
    assert "4 records changed hands between Sunset's reading and its write" in text
    assert "4 changed hands between reading and writing" in describe(recorded.event, EN)


def test_an_undo_says_what_it_is_limited_to() -> None:
    started = e.UndoStarted(job=3, owner_id="100", owner_name=HOSTILE, object_type="deals")
    said = describe(started, EN)
    assert f"Only those of {ESCAPED}" in said
    assert said.endswith(". Only this object type: deals.")
    assert "`100`" not in said
    # Earlier versions wrote no name down.
    assert describe(e.UndoStarted(job=3, owner_id="100"), EN).endswith("Only those of `100`.")
    assert describe(e.UndoStarted(job=3), EN).endswith("(job 3).")


def test_the_end_of_a_job_is_told_once_and_without_zeros() -> None:
    story = tell(Ask.WAIT_COUNT)
    recorded = story.last
    told = shown(notice(story.run, recorded, EN))
    assert "🏁 Reassignment 1 ended: 72 changed, 1 failed." in told
    closed = shown(closed_prompt(story.run, recorded, EN))
    assert "✔️ Reassignment 1 ended; the result is below." in closed
    assert "72" not in closed
    tallies = (Tally(owner_id="100", object_type="deals", changed=5),)
    done = e.ReassignmentFinished(job=2, tallies=tallies)
    assert describe(done, EN) == "Reassignment 2 ended: 5 changed, none failed."
    nothing = e.ReassignmentFinished(job=2, tallies=(Tally(owner_id="100", object_type="deals"),))
    assert describe(nothing, EN) == "Reassignment 2 ended: no record was changed."


def test_the_end_of_an_undo_is_told_once_and_without_zeros() -> None:
    story = tell(Ask.WAIT_UNDO)
    story.bot(c.RecordUndone(job=story.run.job, restored=72, left_alone=0, still_changed=0))
    assert "Giving back ended: 72 given back." in shown(notice(story.run, story.last, EN))
    closed = shown(closed_prompt(story.run, story.last, EN))
    assert "✔️ Giving back ended; the result is below." in closed


def test_what_was_counted_is_told_without_excluded_owners() -> None:
    story = tell(Ask.MAP_OWNERS)
    story.person(c.ExcludeOwner(owner_id="101"))
    story.person(c.TakeSuggestions())
    runs.counted(runs.finished(runs.confirmed(story)))
    assert isinstance(story.last.event, e.OwnersCounted)
    closed = shown(closed_prompt(story.run, story.last, EN))
    without = "without those that were excluded: 30 contacts, 5 companies, 1 deal."
    assert without in closed
    audited = describe(story.last.event, EN)
    assert "with the excluded ones if there are any: 60 contacts, 10 companies, 2" in audited
    story = tell(Ask.REASSIGNMENT_LEFT)
    closed = shown(closed_prompt(story.run, story.last, EN))
    assert "owners: 60 contacts, 10 companies, 2 deals." in closed


def test_nothing_counted_is_no_list_of_zeros() -> None:
    story = tell(Ask.DELETE_OWNERS)
    assert "owners: no records." in shown(closed_prompt(story.run, story.last, EN))


def test_what_an_undo_left_is_in_the_file() -> None:
    recorded, after = _at(e.ReassignmentUndone)
    text = shown(notice(after, recorded, EN))
    assert "2 records still have the owner that Sunset wrote" in text
    assert "file in the thread" in text


# --- reminders -----------------------------------------------------------------------------------


@pytest.mark.parametrize("tr", [EN, PL, WORDY], ids=["en", "pl", "wordy"])
@pytest.mark.parametrize("before", [86_400, 43_200, 14_400, 3_600, 900, 1])
def test_reminders_fit_and_say_the_deadline(before: int, tr: Translator) -> None:
    run = tell(Ask.DOWNLOAD_COPY).run
    assert run.deadline is not None
    live = fits(reminder(run, before, tr))
    assert acts(live) == {Act.OPEN_DOWNLOADED, Act.WHO_ELSE}
    assert refs(live) == {Ref(run.id, run.prompt_version)}
    laid = scheduled_reminder(run, before, tr)
    assert len(laid) < 3_000
    for text in (shown(live), laid):
        assert tr.moment(run.deadline) in text
    assert run.id in laid
    assert run.id in live.text


def test_a_laid_reminder_stays_the_same_until_it_is_posted() -> None:
    story = tell(Ask.DOWNLOAD_COPY)
    laid = scheduled_reminder(story.run, 3_600, EN)
    story.person(c.AskWhoElse())
    story.person(c.HandOver(to=OTHER_ADMIN, to_roles=frozenset({Role.ADMINISTRATOR})))
    assert scheduled_reminder(story.run, 3_600, EN) == laid
    assert f"<@{OTHER_ADMIN}> is responsible" in shown(reminder(story.run, 3_600, EN))
    assert f"<@{ADMIN}>" not in laid


def test_leads_are_written_as_people_say_them() -> None:
    run = tell(Ask.DOWNLOAD_COPY).run
    for before, said in ((86_400, "24 hours"), (3_600, "1 hour"), (900, "15 minutes")):
        assert f"data: {said}." in scheduled_reminder(run, before, EN)


def test_missed_reminders_are_one_honest_notice() -> None:
    run = tell(Ask.DOWNLOAD_COPY).run
    missed = fits(missed_reminders(run, (3_600, 86_400), EN))
    assert "2 reminders of the data copy were missed" in shown(missed)
    assert "24 hours, 1 hour" in shown(missed)
    assert acts(missed) == {Act.OPEN_DOWNLOADED, Act.WHO_ELSE}


def test_missed_reminders_after_the_end_say_that_it_is_over() -> None:
    story = tell(Ask.DOWNLOAD_COPY).reach("window_end")
    missed = fits(missed_reminders(story.run, (900,), EN))
    assert "The time is over" in shown(missed)
    assert acts(missed) == set()


def test_the_bot_signs_with_its_name() -> None:
    recorded, after = _at(e.ApprovalsLapsed)
    assert recorded.actor == BOT
    assert "Sunset · " in shown(closed_prompt(after, recorded, EN))
