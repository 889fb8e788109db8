"""Step 3, the backup: made and verified by the bot, or waived by an approver (P3d)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds, secured_by
from tests.workflows.people import BELA
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules.package import inventory_digest
from workflows.states import State

LARGER = samples.inventory("Hub", "Sync", "Added")
LISTED = inventory_digest(samples.inventory())


def effects_of(talk: Conversation, kind: str) -> list[str]:
    """Return the keys of the effects of this kind, in the order in which they were asked for."""
    return [effect.key for effect in talk.effects if effect.kind == kind]


class TestMakingOne:
    @pytest.mark.parametrize("moment", ["choosing_data_copy", "no_copy_proposed"])
    def test_is_offered_with_either_choice(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        asked = talk.asked.ask
        assert talk.anna.starts_a_backup() == [e.BackupStarted(number=1, of=LISTED)]
        assert talk.asks(Ask.WAIT_BACKUP)
        assert talk.of("bot")
        assert secured_by(talk, "StopBackup")
        assert effects_of(talk, "back_up") == ["back_up:1"]
        talk.wait(minutes=10)
        [verified] = talk.bot.backs_up(ago=timedelta(minutes=1))
        assert isinstance(verified, e.BackupVerified)
        assert (verified.number, verified.of) == (1, LISTED)
        assert talk.asks(asked)
        assert talk.run.current_backup == verified.backup
        assert talk.run.secured
        assert talk.run.backing_up is None
        assert talk.proof("backup") == "verified"
        assert talk.run.evidence["backup"].reading == verified.reading

    def test_one_that_is_complete_lets_the_copy_go(self) -> None:
        talk = journeys.to_no_copy_proposed()
        assert secured_by(talk, "StartBackup", "WaiveBackup")
        with talk.refused("backup_required"):
            talk.anna.confirms_no_copy()
        talk.anna.starts_a_backup()
        talk.bot.backs_up()
        assert secured_by(talk, "ConfirmNoCopy")
        assert kinds(talk.anna.confirms_no_copy()) == ["DataCopyChosen"]

    def test_one_that_lacks_something_needs_a_waiver_as_well(self) -> None:
        talk = journeys.to_backed_up_in_part()
        assert talk.run.current_backup is not None
        assert not talk.run.secured
        assert secured_by(talk, "StartBackup", "WaiveBackup")
        with talk.refused("backup_required"):
            talk.anna.confirms_no_copy()
        talk.dora.waives_the_backup()
        assert secured_by(talk, "ConfirmNoCopy")
        assert talk.run.current_backup is not None
        assert kinds(talk.anna.confirms_no_copy()) == ["DataCopyChosen"]

    def test_gaps_that_hide_nothing_need_none(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.anna.starts_a_backup()
        made = samples.backup(1).model_copy(update={"gap_count": 3})
        reading = talk.bot.reads("counted")
        talk.bot.does(c.RecordBackup(number=1, backup=made, reading=reading))
        assert talk.run.secured

    def test_another_one_takes_its_place(self) -> None:
        talk = journeys.to_backed_up_in_part()
        talk.anna.starts_a_backup()
        assert effects_of(talk, "back_up") == ["back_up:1", "back_up:2"]
        talk.bot.backs_up()
        assert talk.run.secured
        assert talk.run.backup == samples.backup(2, began=talk.now)

    def test_waits_for_the_inventory(self) -> None:
        talk = journeys.to_inventory_pending()
        with talk.refused("inventory_pending"):
            talk.anna.starts_a_backup()
        with talk.refused("inventory_pending"):
            talk.carl.waives_the_backup()

    def test_is_the_administrators_affair(self) -> None:
        talk = journeys.to_no_copy_proposed()
        with talk.refused("administrators_only"):
            talk.carl.starts_a_backup()
        assert talk.bela.starts_a_backup()
        with talk.refused("administrators_only"):
            talk.carl.stops_the_backup()


class TestWhileItIsMade:
    def test_nothing_else_is_decided(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.anna.starts_a_backup()
        for early in (
            talk.bela.starts_a_backup,
            talk.dora.waives_the_backup,
            talk.anna.keeps_a_copy,
            talk.anna.keeps_no_copy,
            talk.anna.confirms_no_copy,
            talk.anna.reconsiders,
        ):
            with talk.refused("backup_running"):
                early()

    def test_a_double_click_starts_one(self) -> None:
        talk = journeys.to_data_copy_choice()
        asked = talk.run.prompt_version
        talk.anna.does(c.StartBackup(), asked)
        for person in (talk.anna, talk.bela):
            with talk.refused("stale_prompt"):
                person.does(c.StartBackup(), asked)
        assert talk.run.backups == 1

    def test_a_stale_button_stops_nothing(self) -> None:
        talk = journeys.to_backing_up()
        asked = talk.run.prompt_version
        talk.anna.stops_the_backup()
        talk.anna.starts_a_backup()
        with talk.refused("stale_prompt"):
            talk.bela.does(c.StopBackup(), asked)

    def test_it_can_be_stopped_and_begun_anew(self) -> None:
        talk = journeys.to_backing_up()
        assert talk.bela.stops_the_backup() == [e.BackupStopped()]
        assert talk.asks(Ask.CHOOSE_DATA_COPY)
        assert talk.run.backing_up is None
        with talk.refused("no_backup_running"):
            talk.anna.stops_the_backup()
        assert talk.anna.starts_a_backup() == [e.BackupStarted(number=2, of=LISTED)]

    def test_one_that_was_stopped_is_not_recorded(self) -> None:
        talk = journeys.to_backing_up()
        talk.anna.stops_the_backup()
        assert talk.bot.backs_up() == []
        assert talk.run.backup is None

    @pytest.mark.parametrize("number", [0, 1, 3])
    def test_nor_is_another_than_the_one_that_is_made(self, number: int) -> None:
        talk = journeys.to_backing_up()
        talk.anna.stops_the_backup()
        talk.anna.starts_a_backup()
        assert talk.bot.backs_up(number=number) == []
        assert talk.asks(Ask.WAIT_BACKUP)
        assert kinds(talk.bot.backs_up(number=2)) == ["BackupVerified"]

    def test_it_is_recorded_once(self) -> None:
        talk = journeys.to_backing_up()
        talk.bot.backs_up()
        assert talk.bot.backs_up() == []

    def test_it_goes_on_where_it_was_after_a_block(self) -> None:
        talk = journeys.to_backing_up()
        talk.bot.is_blocked("salesforce_forbidden")
        assert talk.of("administrator")
        assert talk.waits_for("UA")
        assert secured_by(talk, "StopBackup")
        talk.bela.retries()
        assert effects_of(talk, "back_up") == ["back_up:1", "back_up:1"]
        assert talk.of("bot")

    def test_the_package_is_watched_again_too(self) -> None:
        """Whichever of the two ended with the block."""
        talk = journeys.to_backing_up()
        talk.bot.is_blocked("salesforce_forbidden")
        seen = len(talk.effects)
        talk.bela.retries()
        assert set(talk.work_since(seen)) == {"back_up", "watch_package"}

    def test_a_block_that_stays_is_no_dead_end(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.anna.starts_a_backup()
        for _ in range(3):
            talk.bot.is_blocked("salesforce_forbidden")
            talk.anna.retries()
        talk.bot.is_blocked("salesforce_forbidden")
        talk.anna.stops_the_backup()
        assert talk.run.blocked is None
        assert talk.asks(Ask.CONFIRM_NO_COPY)
        talk.dora.waives_the_backup()
        talk.anna.confirms_no_copy()
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)

    def test_nor_is_it_where_a_copy_is_wanted_after_all(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.anna.starts_a_backup()
        talk.bot.is_blocked("salesforce_forbidden")
        talk.anna.stops_the_backup()
        talk.anna.reconsiders()
        talk.anna.keeps_a_copy()
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)

    def test_a_frozen_run_takes_what_the_bot_has_made_but_no_answer(self) -> None:
        talk = journeys.to_backing_up()
        talk.bela.freezes()
        with talk.refused("frozen"):
            talk.anna.stops_the_backup()
        assert kinds(talk.bot.backs_up()) == ["BackupVerified"]
        with talk.refused("frozen"):
            talk.anna.starts_a_backup()
        talk.carl.unfreezes()
        assert talk.run.secured

    def test_a_cancel_ends_it(self) -> None:
        talk = journeys.to_backing_up()
        [cancelled] = talk.anna.cancels()
        assert isinstance(cancelled, e.Cancelled)
        assert "removal_begun" not in cancelled.irreversible
        with talk.refused("run_over"):
            talk.bot.backs_up()

    def test_somebody_else_takes_over(self) -> None:
        talk = journeys.to_backing_up()
        talk.anna.hands_over_to(BELA)
        assert talk.asks(Ask.WAIT_BACKUP)
        assert kinds(talk.bela.stops_the_backup()) == ["BackupStopped"]

    @pytest.mark.parametrize("moment", ["backing_up", "no_copy_proposed"])
    def test_a_package_that_is_gone_opens_the_window_and_ends_it(self, moment: str) -> None:
        """Whoever removed it may have had a copy saved."""
        talk = journeys.MOMENTS[moment]()
        if moment == "no_copy_proposed":
            talk.anna.starts_a_backup()
        talk.wait(minutes=3)
        assert kinds(talk.bot.finds_no_package()) == ["PackageRemoved"]
        assert talk.asks(Ask.DOWNLOAD_COPY)
        assert talk.run.backing_up is None
        assert talk.bot.backs_up() == []


class TestAPackageThatChanges:
    def test_while_it_is_backed_up_leaves_a_backup_of_what_was(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.anna.starts_a_backup()
        assert kinds(talk.bot.reads_the_package(LARGER)) == ["InventoryRecorded"]
        assert talk.asks(Ask.WAIT_BACKUP)
        [verified] = talk.bot.backs_up()
        assert isinstance(verified, e.BackupVerified)
        assert verified.of == LISTED
        assert talk.run.backup is not None
        assert talk.run.current_backup is None
        assert secured_by(talk, "StartBackup", "WaiveBackup")
        with talk.refused("backup_required"):
            talk.anna.confirms_no_copy()
        assert talk.anna.starts_a_backup() == [
            e.BackupStarted(number=2, of=inventory_digest(LARGER))
        ]

    def test_the_same_reading_leaves_it_as_it_is(self) -> None:
        talk = journeys.to_backed_up()
        talk.bot.reads_the_package(samples.inventory(blockers=(samples.BLOCKER,)))
        assert talk.run.secured

    @pytest.mark.parametrize("moment", ["backed_up", "waived", "backed_up_in_part"])
    def test_voids_what_secured_it(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        talk.bot.reads_the_package(LARGER)
        assert (talk.run.current_backup, talk.run.current_waiver) == (None, None)
        assert not talk.run.secured
        assert secured_by(talk, "StartBackup", "WaiveBackup")

    @pytest.mark.parametrize(
        "moment",
        [
            "removal_approval_without_copy",
            "removal_approval_waived",
            "removing_without_copy",
            "removing_by_bot",
        ],
    )
    def test_after_the_choice_leads_back_to_its_second_question(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        if talk.at(State.AWAITING_REMOVAL_APPROVAL):
            talk.anna.consents()
            talk.carl.approves()
        [changed] = talk.bot.reads_the_package(LARGER)
        assert isinstance(changed, e.InventoryChanged)
        assert changed.digest == ""
        assert talk.asks(Ask.CONFIRM_NO_COPY)
        assert (talk.run.keep_copy, talk.run.removal_digest) == (None, "")
        assert (talk.run.votes, talk.run.consent, talk.run.bot_removing) == ({}, False, False)
        assert "removal" not in talk.run.passed
        gone = {"data_copy", "consent", "removal_approval", "download"}
        assert not gone & set(talk.run.evidence)
        assert talk.run.evidence["inventory"].reading == changed.reading
        assert secured_by(talk, "StartBackup", "WaiveBackup")
        with talk.refused("backup_required"):
            talk.anna.confirms_no_copy()
        talk.anna.reconsiders()
        talk.anna.keeps_a_copy()
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)

    def test_where_a_copy_is_kept_is_approved_anew(self) -> None:
        talk = journeys.to_removal_approval()
        [changed] = talk.bot.reads_the_package(LARGER)
        assert isinstance(changed, e.InventoryChanged)
        assert changed.digest == talk.run.removal_digest
        assert talk.asks(Ask.APPROVE_REMOVAL)


class TestWhatIsApproved:
    def digest_after(self, talk: Conversation) -> str:
        talk.anna.confirms_no_copy()
        return talk.run.removal_digest

    def test_another_backup_or_waiver_is_approved_anew(self) -> None:
        talks = [journeys.to_backed_up(), journeys.to_backed_up_in_part(), journeys.to_waived()]
        talks[1].dora.waives_the_backup()
        by_carl, why = journeys.to_no_copy_proposed(), journeys.to_no_copy_proposed()
        by_carl.carl.waives_the_backup()
        why.dora.waives_the_backup("It was exported last week")
        again = journeys.to_backed_up_in_part()
        again.anna.starts_a_backup()
        again.bot.backs_up()
        talks += [by_carl, why, again]
        assert len({self.digest_after(talk) for talk in talks}) == len(talks)

    def test_votes_for_the_backup_before_do_not_count(self) -> None:
        talk = journeys.to_removal_approval_without_copy()
        before = talk.run.removal_digest
        talk.carl.approves()
        talk.anna.reconsiders()
        talk.anna.starts_a_backup()
        talk.bot.backs_up()
        talk.anna.keeps_no_copy()
        talk.anna.confirms_no_copy()
        assert talk.run.removal_digest != before
        assert talk.run.votes == {}

    def test_where_a_copy_is_kept_the_backup_is_shown_too(self) -> None:
        plain = journeys.to_removal_approval()
        talk = journeys.to_backing_up()
        talk.bot.backs_up()
        talk.anna.keeps_a_copy()
        assert talk.run.removal_digest != plain.run.removal_digest

    def test_what_secured_another_package_is_not_shown(self) -> None:
        talk = journeys.to_backed_up()
        talk.bot.reads_the_package(LARGER)
        talk.anna.reconsiders()
        talk.anna.keeps_a_copy()
        plain = journeys.to_inventory_pending()
        plain.bot.reads_the_package(LARGER)
        plain.anna.keeps_a_copy()
        assert talk.run.removal_digest == plain.run.removal_digest
