"""The backup, its waiver, the rehearsal and the removal, as they are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from handlers.actions import Act
from handlers.i18n import Translator
from handlers.ports import AuditEntry, Progress
from handlers.render import audit_line, card, notice, prompt_message
from handlers.views.backup import size
from handlers.views.describe import describe
from tests.handlers import runs
from tests.handlers.runs import SHA256, Story, tell, unsecured
from tests.handlers.views.looks import EN, ESCAPED, HOSTILE, PL, WORDY, acts, buttons, fits, shown
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules.approval import digest_in_force
from workflows.run import Run
from workflows.text import N_
from workflows.values import Blocker, Inventory

DIRECTORY = "/var/lib/sunset/backups/backup-00D000000000001-20261123T090000Z"
TAKING = Progress(
    done=1_200,
    total=5_000,
    failed=0,
    per_second=40.0,
    phase="backing_up",
    job=1,
    label="HubSpot_Inc__X__c",
    part=3,
    parts=7,
    step="reading",
)
REMOVING = Progress(done=5, total=10, failed=1, phase="removing", job=1, label="InProgress")


def says(run: Run, made: Progress | None = None) -> str:
    return shown(fits(prompt_message(run, EN, made)))


# --- how it stands -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "en", "pl"),
    [
        (0, "0 kB", "0 kB"),
        (512, "0.5 kB", "0,5 kB"),
        (41_600_000, "41.6 MB", "41,6 MB"),
        (999_960, "1 MB", "1 MB"),
        (7_200_000_000, "7.2 GB", "7,2 GB"),
        (10**16, "10,000 TB", None),
    ],
)
def test_sizes_have_the_unit_that_suits_them(number: int, en: str, pl: str | None) -> None:
    assert size(number, EN).replace("\N{NO-BREAK SPACE}", " ") == en
    if pl is not None:
        assert size(number, PL).replace("\N{NO-BREAK SPACE}", " ") == pl


def test_what_a_backup_is_and_that_there_is_none() -> None:
    text = says(tell(Ask.CHOOSE_DATA_COPY).run)
    for part in (
        "all records of the package's objects",
        "the package's fields on other objects",
        "Attachments and files are not in it",
        "*Backup:* none.",
    ):
        assert part in text


def test_a_verified_one_is_shown_with_its_numbers_and_its_manifest() -> None:
    run = runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), runs.backup(10)).run
    text = says(run)
    for part in (
        "✅ *Backup:* verified: 25,000 records in 2 files, 41.6",
        f"`{DIRECTORY}`",
        f"`{SHA256}`",
        EN.moment(runs.START),
        "*Not in the backup:* 10\n",
        "• Prefs__c: gap 0",
        "… and 4 more",
    ):
        assert part in text
    assert "⚠️ Prefs__c" not in text


def test_what_hides_data_is_marked_and_makes_it_incomplete() -> None:
    story = runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), runs.backup(3, hidden=2))
    text = says(story.run)
    for part in (
        "⚠️ *Backup:* verified, but *not complete*",
        "3, of which ⚠️ 2 keep data",
        "• ⚠️ Prefs__c: gap 0",
        "• ⚠️ Prefs__c: gap 1",
        "• Prefs__c: gap 2",
        "grant that in Salesforce",
    ):
        assert part in text
    assert "✅ *Backup" not in text


def test_gaps_that_are_not_told_one_by_one_are_counted() -> None:
    backup = runs.backup(20).model_copy(update={"gap_count": 500})
    assert "… and 494 more" in says(runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), backup).run)


def test_one_of_an_earlier_state_does_not_count() -> None:
    story = runs.no_copy(runs.backed_up(tell(Ask.CHOOSE_DATA_COPY)))
    story.bot(c.RecordInventory(inventory=runs.inventory(9), reading=story.reading()))
    message = fits(prompt_message(story.run, EN, None))
    assert "of an earlier state of the package. It does not count" in shown(message)
    assert "✅ *Backup" not in shown(message)
    assert Act.CONFIRM_NO_COPY not in acts(message)
    assert "of an earlier state" in shown(card(story.run, EN, None))


def test_without_backup_or_waiver_there_is_no_button_that_gives_the_data_up() -> None:
    message = fits(prompt_message(unsecured().run, EN, None))
    assert acts(message) == {
        *(Act.START_BACKUP, Act.OPEN_WAIVER, Act.RECONSIDER),
        Act.OPEN_INVENTORY,
    }
    (first,) = (one for one in buttons(message) if one.get("style") == "primary")
    assert first["action_id"] == Act.START_BACKUP
    text = shown(message)
    assert "a verified and complete backup is needed" in text
    assert "cannot waive it" in text
    assert "42 records in the package's objects are known to be deleted" in text


def test_what_secures_is_shown_where_the_data_is_given_up() -> None:
    backed_up = fits(prompt_message(tell(Ask.CONFIRM_NO_COPY).run, EN, None))
    assert f"`{SHA256}`" in shown(backed_up)
    assert "What is not in the backup is gone for good: attachments" in shown(backed_up)
    (danger,) = (one for one in buttons(backed_up) if one.get("style") == "danger")
    assert "What is not in the backup" in danger["confirm"]["text"]["text"]
    waived = fits(prompt_message(runs.waived(unsecured(), HOSTILE).run, EN, None))
    assert f"waived* by <@U0ANNA>, {EN.moment(_waived_at())}. Reason: {ESCAPED}" in shown(waived)
    assert "There is no backup" in shown(waived)


def _waived_at() -> datetime:
    waiver = runs.waived(unsecured()).run.waiver
    assert waiver is not None
    return waiver.at


@pytest.mark.parametrize("secure", [runs.waived, runs.backed_up])
def test_approvals_removal_card_and_report_name_what_keeps_the_data(secure: object) -> None:
    assert callable(secure)
    story = secure(unsecured()).person(c.ConfirmNoCopy())
    part = SHA256 if secure is runs.backed_up else "*The backup was waived* by <@U0ANNA>"
    approve = says(story.run)
    assert part in approve
    assert "the backup or its waiver" in approve
    assert digest_in_force(story.run)[:12] in approve
    assert digest_in_force(story.run)[:13] not in approve
    runs.inventory_taken(runs.removal_approved(story))
    assert part in says(story.run)
    runs.package_gone(story.person(c.RemoveByBot()))
    assert story.ask is Ask.OVER
    for message in (prompt_message(story.run, EN, None), card(story.run, EN, None)):
        assert part in shown(fits(message))
        assert "No copy was saved, as was approved." in shown(message)


def test_the_report_says_how_the_backup_is_known() -> None:
    story = runs.package_gone(runs.removing())
    text = says(story.run)
    assert "✅ Package's data backed up by Sunset `P3d` – *verified*" in text
    assert "hubspot: as many" in text


# --- progress ------------------------------------------------------------------------------------


def test_a_backup_shows_the_object_the_numbers_and_the_time_left() -> None:
    run = tell(Ask.WAIT_BACKUP).run
    for message in (prompt_message(run, EN, TAKING), card(run, EN, TAKING)):
        text = shown(fits(message))
        for part in (
            "*Backing up object 3 of 7:* `HubSpot_Inc__X__c`: reading the records",
            "24 %",
            "1,200 of 5,000 records; those of the objects still to come are not counted yet",
            "40 records a second",
        ):
            assert part in text
        assert "left" not in text, "nobody knows how much is still to come"
    last = says(run, replace(TAKING, part=7))
    assert "1,200 of 5,000 records\n40 records a second, about 2 minutes left" in last


@pytest.mark.parametrize(
    ("made", "part", "without"),
    [
        (replace(TAKING, total=0), "1,200 records so far", " %"),
        (replace(TAKING, total=0), "40 records a second", "left"),
        (replace(TAKING, step="waiting"), "waiting for Salesforce's query", " %"),
        (replace(TAKING, step="verifying"), "reading the file back", "reading the records"),
        (replace(TAKING, step="<new>"), "&lt;new&gt;", "<new>"),
        (replace(TAKING, label="", step="planning"), "The backup is prepared", "object 3"),
        (replace(TAKING, part=0, step="checking"), "*Backing up* `HubSpot_Inc__X__c`", "object 3"),
        (replace(TAKING, label=HOSTILE), "&lt;!channel&gt;", "<!channel>"),
        (replace(TAKING, done=9_000), "100 %", "180 %"),
    ],
)
def test_only_what_is_known_is_shown(made: Progress, part: str, without: str) -> None:
    blocks = fits(prompt_message(tell(Ask.WAIT_BACKUP).run, EN, made)).blocks
    text = "\n".join(str(block) for block in blocks if block["type"] == "section")
    assert part in text
    assert without not in text


def test_a_backup_that_is_held_has_no_rate() -> None:
    story = tell(Ask.WAIT_BACKUP)
    story.bot(c.RecordBlocked(code="x", problem=N_("No room."), remedy=N_("Make room.")))
    message = fits(prompt_message(story.run, EN, TAKING))
    assert "a second" not in shown(message)
    assert "No room." in shown(message)
    assert acts(message) == {Act.RETRY, Act.STOP_BACKUP}
    assert "a second" not in says(tell(Ask.WAIT_BACKUP).person(c.Freeze()).run, TAKING)


@pytest.mark.parametrize("ask", [Ask.WAIT_BACKUP, Ask.WAIT_REMOVAL])
def test_the_progress_of_something_else_is_not_shown(ask: Ask) -> None:
    job = Progress(done=77, total=88, failed=0)
    for message in (prompt_message(tell(ask).run, EN, job), card(tell(ask).run, EN, job)):
        assert "77" not in shown(message)


def test_progress_belongs_to_what_the_run_is_at() -> None:
    assert TAKING.of(tell(Ask.WAIT_BACKUP).run)
    assert not replace(TAKING, job=2).of(tell(Ask.WAIT_BACKUP).run)
    assert not TAKING.of(tell(Ask.CONFIRM_NO_COPY).run)
    assert REMOVING.of(runs.removing().run)
    assert not replace(REMOVING, job=2).of(runs.removing().run)
    assert not REMOVING.of(tell(Ask.REMOVE_PACKAGE).run)
    assert Progress(1, 2, 0, job=1).of(tell(Ask.WAIT_REASSIGNMENT).run)
    assert not Progress(1, 2, 0, job=2).of(tell(Ask.WAIT_REASSIGNMENT).run)


# --- the removal ---------------------------------------------------------------------------------


def test_a_removal_says_until_when_it_can_be_stopped() -> None:
    story = runs.removing()
    rehearsing = replace(REMOVING, phase="rehearsing", done=0, total=0, failed=0, label="Pending")
    text = says(story.run, rehearsing)
    for part in (
        "The removal is rehearsed:* nothing is deleted",
        "Salesforce has not said yet",
        "Salesforce says: Pending",
        "Until the deployment has begun, cancelling the run stops the removal",
    ):
        assert part in text
    story.bot(c.RecordRehearsal(attempt=1, outcome="passed"))
    assert "cancelling the run stops the removal" in says(story.run, rehearsing)
    elsewhere = replace(REMOVING, phase="waiting", done=0, total=0, failed=0, label="0AfX")
    text = says(story.run, elsewhere)
    assert "another deployment, `0AfX`, is under way in Salesforce" in text
    assert "components" not in text
    story.bot(c.RecordRemovalDeploying(attempt=1))
    text = says(story.run, REMOVING)
    for part in (
        "*The package is being removed*",
        "50 %",
        "5 of 10 components",
        "1 error so far.",
        "A rehearsal is no proof",
        "*It cannot be stopped any more:*",
    ):
        assert part in text
    assert "a second" not in text


def test_an_uninstall_by_a_person_is_not_stopped_by_cancelling() -> None:
    text = says(tell(Ask.WAIT_REMOVAL).run)
    assert "Cancelling the run does not stop an uninstall that was pressed" in text


def _told(story: Story, action: c.Action, tr: Translator = EN) -> str:
    story.bot(action)
    return shown(fits(notice(story.run, story.last, tr)))


def test_a_rehearsal_that_passed_is_no_proof() -> None:
    text = _told(runs.removing(), c.RecordRehearsal(attempt=1, outcome="passed"))
    assert "A rehearsal is no proof" in text


def test_a_rehearsal_that_is_not_possible_has_salesforces_words() -> None:
    action = c.RecordRehearsal(attempt=1, outcome="not_possible", why=HOSTILE)
    story = runs.removing()
    text = _told(story, action)
    assert f"could not be rehearsed. Salesforce says: {ESCAPED}" in text
    assert "removed without a rehearsal" in text
    assert "Salesforce could not rehearse it" in says(story.run)


def test_a_rehearsal_that_failed_has_changed_nothing() -> None:
    story = runs.removing()
    problems = (*story.package.blockers, Blocker(type="", name="", refers_to="x", problem="No."))
    action = c.RecordRemovalFailed(problems=problems, reference="0Af1", rehearsal=True)
    text = _told(story, action)
    assert "The rehearsal failed, Salesforce naming 2 problems; nothing was deployed" in text
    assert "nothing was deleted" in text
    assert "• No." in text
    assert "** refers" not in text
    assert "0Af1" in text


def stalling() -> Inventory:
    """Return a package with a sure blocker that can be linked, and one that is not sure."""
    return runs.inventory().model_copy(
        update={
            "blockers": (
                Blocker(
                    type="Layout",
                    name="Contact Layout",
                    refers_to="Prefs__c",
                    link="/lightning/setup/ObjectManager/home",
                    advice=N_("Take it off the layout."),
                ),
                Blocker(type="Profile", name="Sales", refers_to="Prefs__c", sure=False),
            )
        }
    )


def test_a_stalled_uninstall_says_where_the_reasons_are_and_what_was_found() -> None:
    story = tell(Ask.WAIT_REMOVAL, Story(package=stalling()))
    found = story.package.blockers
    action = c.RecordRemovalStalled(blockers=found, reading=story.reading())
    text = _told(story, action)
    for part in (
        "The package is still installed; 2 blockers are known.",
        "<https://acme.my.salesforce.com/lightning/setup/ObjectManager/home|*Contact Layout*>",
        "Take it off the layout.",
        "*May block, or go with the package by itself:*\n• Profile *Sales*",
        "There may be others",
        "Salesforce mails the reasons to that person",
        f"<@{runs.ADMIN}>",
    ):
        assert part in text
    assert "nothing was deleted" not in says(story.run), "nobody knows that"


def test_a_stalled_uninstall_without_blockers_promises_nothing() -> None:
    story = tell(Ask.WAIT_REMOVAL)
    text = _told(story, c.RecordRemovalStalled(blockers=(), reading=story.reading()))
    assert "no blocker was found" in text
    assert "There may be others" in text


def test_writes_after_the_backup_make_it_anew() -> None:
    story = tell(Ask.CONFIRM_NO_COPY).person(c.ConfirmNoCopy())
    runs.removal_approved(story)
    text = _told(story, c.RecordBackupOutdated(changed=1_200, reading=story.reading()))
    assert "1,200 records were written in Salesforce after the backup was made" in text
    assert "backed up anew, or an approver has to waive that" in text
    assert f"<@{runs.ADMIN}>" in text
    assert story.ask is Ask.CONFIRM_NO_COPY
    assert Act.START_BACKUP in acts(prompt_message(story.run, EN, None))


def test_a_waiver_is_told_with_what_it_gives_up() -> None:
    story = runs.waived(unsecured(), HOSTILE)
    text = shown(fits(notice(story.run, story.last, EN)))
    assert f"Reason: {ESCAPED}" in text
    assert "`HubSpot_Inc__Prefs__c`: 42 records" in text


def test_a_package_that_changed_opens_the_choice_where_no_copy_is_kept() -> None:
    story = tell(Ask.CONFIRM_NO_COPY).person(c.ConfirmNoCopy())
    text = _told(story, c.RecordInventory(inventory=runs.inventory(9), reading=story.reading()))
    assert "the choice about the copy is open again" in text
    assert "(–)" not in text


# --- the record ----------------------------------------------------------------------------------


def test_the_audit_line_of_a_backup_has_its_whole_manifest() -> None:
    story = runs.backed_up(tell(Ask.CHOOSE_DATA_COPY), runs.backup(3, hidden=1))
    line = fits(audit_line(AuditEntry(story.last, "0" * 64), "run-1", EN)).text
    for part in (SHA256, DIRECTORY, "25,000 records in 2 files", "Not in it: 3, of which 1 keep"):
        assert part in line


def test_an_older_history_still_says_what_was_said_of_an_own_backup() -> None:
    for event in (
        e.NoCopyProposed(own_backup=True),
        e.DataCopyChosen(keep=True, digest="d", own_backup=True),
    ):
        assert describe(event, EN).endswith("An own backup was said to exist.")
    assert "own backup" not in describe(e.NoCopyProposed(), EN)


@pytest.mark.parametrize("tr", [EN, PL, WORDY], ids=["en", "pl", "wordy"])
@pytest.mark.parametrize("secure", [runs.waived, None])
def test_any_backup_fits(tr: Translator, secure: object) -> None:
    name = (HOSTILE * 6)[:300]
    package = runs.inventory(3_000, 200, name)
    made = runs.backup(500, 300, name).model_copy(update={"directory": "/<&>" * 300})
    story = runs.backed_up(runs.unsecured(Story(package=package)), made)
    if callable(secure):
        story = secure(story, "<!channel>" * 200)
    messages = [prompt_message(story.run, tr, TAKING), card(story.run, tr, None)]
    if callable(secure):
        story.person(c.ConfirmNoCopy())
        messages.append(prompt_message(story.run, tr, None))
    for message in messages:
        assert "<!channel>" not in shown(fits(message))
