"""Step 3, right before and during the removal: what is outdated, rehearsed, refused or stalled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import FINAL, State
from workflows.text import N_
from workflows.timers import timers

SECOND = timedelta(seconds=1)


class TestRecordsWrittenAfterTheBackup:
    TAKEN_IN = ("removing_without_copy", "removing_by_bot", "reconfirmation_without_copy")

    def talk(self, moment: str) -> Conversation:
        if moment == "reconfirmation_without_copy":
            return journeys.approved(journeys.to_removal_approval_without_copy())
        return journeys.MOMENTS[moment]()

    @pytest.mark.parametrize("moment", TAKEN_IN)
    def test_hold_the_removal_until_the_package_is_secured_anew(self, moment: str) -> None:
        """Also right before the bot deploys: it compares last of all."""
        talk = self.talk(moment)
        assert kinds(talk.bot.finds_the_backup_outdated(3)) == ["BackupOutdated"]
        assert talk.asks(Ask.CONFIRM_NO_COPY)
        assert (talk.run.keep_copy, talk.run.removal_digest) == (None, "")
        assert (talk.run.backup, talk.run.secured) == (None, False)
        assert (talk.run.bot_removing, talk.run.consent) == (False, False)
        assert "removal" not in talk.run.passed
        gone = {"backup", "data_copy", "consent", "removal_approval", "download"}
        assert not gone & set(talk.run.evidence)
        with talk.refused("backup_required"):
            talk.anna.confirms_no_copy()
        talk.anna.starts_a_backup()
        talk.bot.backs_up()
        talk.anna.confirms_no_copy()
        journeys.approved(talk)
        assert kinds(talk.bot.reads_the_package()) == ["InventoryReconfirmed"]
        attempt = talk.run.bot_removal + 1
        assert talk.anna.lets_the_bot_remove_it() == [e.BotRemovalStarted(attempt=attempt)]

    def test_are_told(self) -> None:
        talk = self.talk("removing_without_copy")
        talk.bot.finds_the_backup_outdated()
        assert f"notice:{talk.run.version}" in {effect.key for effect in talk.effects}

    @pytest.mark.parametrize("moment", sorted(set(journeys.MOMENTS) - set(FINAL) - set(TAKEN_IN)))
    def test_change_nothing_elsewhere(self, moment: str) -> None:
        """A copy is kept, nothing is about to go, or Uninstall was pressed already."""
        talk = journeys.MOMENTS[moment]()
        assert talk.bot.finds_the_backup_outdated() == []

    def test_change_nothing_once_uninstall_was_pressed(self) -> None:
        talk = self.talk("removing_without_copy")
        talk.anna.reports_the_uninstall()
        assert talk.bot.finds_the_backup_outdated() == []

    def test_change_nothing_where_a_copy_is_kept_besides(self) -> None:
        talk = journeys.to_backing_up()
        talk.bot.backs_up()
        talk.anna.keeps_a_copy()
        journeys.approved(talk)
        assert talk.bot.finds_the_backup_outdated() == []

    def test_are_waived_with_the_backup(self) -> None:
        talk = journeys.approved(journeys.to_removal_approval_waived())
        talk.bot.reads_the_package()
        assert talk.bot.finds_the_backup_outdated() == []
        assert kinds(talk.anna.lets_the_bot_remove_it()) == ["BotRemovalStarted"]

    def test_are_waived_with_one_that_lacks_something(self) -> None:
        talk = journeys.to_backed_up_in_part()
        talk.dora.waives_the_backup()
        talk.anna.confirms_no_copy()
        journeys.approved(talk)
        assert talk.bot.finds_the_backup_outdated() == []

    def test_are_found_before_the_list_that_is_read_with_them(self) -> None:
        """The bot says both at once, the outdated backup first."""
        talk = self.talk("reconfirmation_without_copy")
        talk.bot.finds_the_backup_outdated()
        assert kinds(talk.bot.reads_the_package()) == ["InventoryRecorded"]
        assert talk.asks(Ask.CONFIRM_NO_COPY)


class TestTheRehearsal:
    @pytest.mark.parametrize("outcome", ["passed", "not_possible"])
    def test_is_told_and_proves_nothing(self, outcome: Literal["passed", "not_possible"]) -> None:
        talk = journeys.to_removing_by_bot()
        asked = talk.run.prompt_version
        [rehearsed] = talk.bot.rehearses(outcome)
        assert isinstance(rehearsed, e.RemovalRehearsed)
        assert (rehearsed.attempt, rehearsed.outcome) == (1, outcome)
        assert talk.run.rehearsal == outcome
        assert talk.run.prompt_version == asked
        assert talk.proof("removal") is None
        assert f"notice:{talk.run.version}" in {effect.key for effect in talk.effects}

    def test_is_one_for_each_removal(self) -> None:
        talk = journeys.to_removing_by_bot()
        talk.bot.rehearses()
        assert talk.bot.rehearses("not_possible") == []
        talk.bot.fails_to_remove(samples.BLOCKER)
        talk.anna.lets_the_bot_remove_it()
        assert talk.run.rehearsal == ""
        assert talk.bot.rehearses(attempt=1) == []
        assert kinds(talk.bot.rehearses(attempt=2)) == ["RemovalRehearsed"]

    @pytest.mark.parametrize("outcome", ["", "passed", "not_possible"])
    @pytest.mark.parametrize("leaves", [False, True])
    def test_is_before_anything_that_cannot_be_taken_back(
        self, outcome: Literal["", "passed", "not_possible"], leaves: bool
    ) -> None:
        talk = journeys.to_removing_by_bot()
        if outcome:
            talk.bot.rehearses(outcome)
        if leaves:
            talk.bot.begins_to_deploy()
        [cancelled] = talk.anna.cancels()
        assert isinstance(cancelled, e.Cancelled)
        assert ("removal_begun" in cancelled.irreversible) is leaves

    @pytest.mark.parametrize("moment", ["removing_without_copy", "uninstall_reported"])
    def test_of_nothing_is_not_told(self, moment: str) -> None:
        assert journeys.MOMENTS[moment]().bot.rehearses() == []

    def test_that_fails_says_that_nothing_was_deployed(self) -> None:
        talk = journeys.to_removing_by_bot()
        [failed] = talk.bot.fails_to_remove(samples.BLOCKER, rehearsal=True)
        assert isinstance(failed, e.RemovalFailed)
        assert failed.rehearsal
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert talk.run.removal_problems == (samples.BLOCKER,)
        assert kinds(talk.anna.lets_the_bot_remove_it()) == ["BotRemovalStarted"]


class TestThePointOfNoReturn:
    def test_is_noted_once_for_each_removal(self) -> None:
        talk = journeys.to_removing_by_bot()
        asked = talk.run.prompt_version
        assert talk.bot.begins_to_deploy(attempt=0) == []
        assert kinds(talk.bot.begins_to_deploy()) == ["RemovalDeploying"]
        assert talk.bot.begins_to_deploy() == []
        assert talk.run.deploying is not None
        assert (talk.run.deploying.known, talk.run.deploying.user) == (("0Af0",), "005BOT")
        assert talk.run.prompt_version == asked
        shown = {effect.key for effect in talk.effects[-3:]}
        assert f"prompt:{asked}" in shown, "and its message says so"

    def test_nothing_that_is_read_after_it_stops_the_bot_from_following(self) -> None:
        """A change cannot be approved any more, and a copy cannot come of it."""
        talk = journeys.to_deploying()
        assert talk.bot.reads_the_package(samples.inventory("Hub")) == []
        assert talk.bot.finds_the_backup_outdated() == []
        with talk.refused("removal_started"):
            talk.anna.reconsiders()
        talk.wait(hours=9)
        assert talk.bot.finds_the_removal_stalled() == [], "it is under way"
        assert kinds(talk.bot.finds_the_package_gone()) == ["PackageRemoved", "RunCompleted"]
        assert talk.run.deadline is None

    def test_was_not_passed_where_no_deployment_came_of_it(self) -> None:
        talk = journeys.to_deploying()
        assert talk.bot.holds_the_deployment(attempt=0) == []
        assert kinds(talk.bot.holds_the_deployment()) == ["RemovalHeld"]
        assert talk.bot.holds_the_deployment() == []
        assert kinds(talk.bot.reads_the_package(samples.inventory("Hub"))) == ["InventoryChanged"]

    def test_a_deployment_that_succeeded_is_not_taken_back(self) -> None:
        talk = journeys.to_deploying()
        talk.bot.deploys()
        assert talk.bot.holds_the_deployment() == []

    @pytest.mark.parametrize("moment", ["removing_without_copy", "uninstall_reported"])
    def test_is_not_the_bots_elsewhere(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        assert talk.bot.begins_to_deploy() == []
        assert talk.bot.holds_the_deployment() == []

    def test_is_before_each_removal_anew(self) -> None:
        talk = journeys.to_deploying()
        talk.bot.fails_to_remove(samples.BLOCKER)
        assert talk.run.deploying is None
        talk.anna.lets_the_bot_remove_it()
        assert kinds(talk.bot.begins_to_deploy()) == ["RemovalDeploying"]


class TestTheComparison:
    """What was compared is what was approved, for a while; then nobody knows."""

    @pytest.mark.parametrize(
        ("journey", "holds"),
        [
            (journeys.to_removing, timedelta(days=1)),
            (journeys.to_removing_without_copy, timedelta(hours=1)),
        ],
    )
    def test_lapses(self, journey: Callable[[], Conversation], holds: timedelta) -> None:
        talk = journey()
        [timer] = timers(talk.run)
        assert timer.due == talk.now + holds
        talk.wait(minutes=holds.total_seconds() / 60 - 1)
        assert talk.bot.fires() == []
        talk.wait(minutes=1)
        assert kinds(talk.bot.fires()) == ["ComparisonLapsed"]
        assert talk.asks(Ask.COMPARE_AGAIN)
        assert timers(talk.run) == []

    def test_has_to_be_made_again_then(self) -> None:
        talk = journeys.to_compare_again()
        with talk.refused("comparison_lapsed"):
            talk.anna.reports_the_uninstall()
        assert talk.bot.reads_the_package(ago=timedelta(days=1)) == []
        seen = len(talk.effects)
        talk.anna.asks_to_check()
        assert "take_inventory" in talk.work_since(seen)
        assert kinds(talk.bot.reads_the_package()) == ["InventoryReconfirmed"]
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert kinds(talk.anna.reports_the_uninstall()) == ["UninstallReported"]

    def test_finds_what_was_added_meanwhile(self) -> None:
        talk = journeys.to_compare_again()
        assert kinds(talk.bot.reads_the_package(samples.inventory("Hub"))) == ["InventoryChanged"]
        assert talk.asks(Ask.APPROVE_REMOVAL)
        journeys.approved(talk)
        assert talk.asks(Ask.WAIT_RECONFIRMATION)

    def test_that_is_made_before_it_lapses_counts_from_then_on(self) -> None:
        talk = journeys.to_removing()
        talk.wait(hours=20)
        talk.anna.asks_to_check()
        assert kinds(talk.bot.reads_the_package()) == ["InventoryReconfirmed"]
        talk.wait(hours=20)
        assert talk.bot.fires() == []
        assert talk.asks(Ask.REMOVE_PACKAGE)

    @pytest.mark.parametrize("moment", ["uninstall_reported", "removing_by_bot", "deploying"])
    def test_does_not_lapse_once_something_was_pressed(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        assert timers(talk.run) == []

    def test_a_package_that_went_without_it_is_gone_all_the_same(self) -> None:
        talk = journeys.to_compare_again()
        assert kinds(talk.bot.finds_the_package_gone()) == ["PackageRemoved"]


class TestADeployment:
    """Salesforce calls the bot's removal a success: the package's absence is still to be seen."""

    def deployed(self) -> Conversation:
        talk = journeys.to_removing_by_bot()
        talk.bot.rehearses()
        talk.bot.begins_to_deploy()
        talk.wait(minutes=8)
        talk.bot.deploys()
        return talk

    def test_is_noted_and_proves_nothing(self) -> None:
        talk = self.deployed()
        assert talk.run.deployed_at == talk.now
        assert talk.asks(Ask.WAIT_REMOVAL)
        assert talk.proof("removal") is None
        talk.bot.finds_the_package_gone()
        assert talk.proof("removal") == "verified"

    def test_is_one_for_each_removal(self) -> None:
        talk = journeys.to_removing_by_bot()
        assert talk.bot.deploys(attempt=0) == []
        assert kinds(talk.bot.deploys()) == ["RemovalDeployed"]
        assert talk.bot.deploys() == []
        assert journeys.to_removing_without_copy().bot.deploys() == []
        assert journeys.to_uninstall_reported().bot.deploys() == []

    def test_is_not_asked_for_again(self) -> None:
        """Neither by a check nor after a block: only the watch has work left."""
        talk = self.deployed()
        seen = len(talk.effects)
        talk.anna.asks_to_check()
        talk.bot.is_blocked("salesforce_down")
        talk.anna.retries()
        assert set(talk.work_since(seen)) == {"watch_package"}

    def test_is_disturbed_by_nothing_that_is_read_late(self) -> None:
        """A part that is gone already is no change to approve."""
        talk = self.deployed()
        assert talk.bot.finds_the_backup_outdated() == []
        assert talk.bot.reads_the_package(samples.inventory("Hub")) == []

    def test_is_not_refuted_by_what_was_read_before_it(self) -> None:
        talk = self.deployed()
        assert talk.bot.finds_the_removal_stalled(ago=timedelta(minutes=2)) == []
        talk.wait(minutes=15)
        assert kinds(talk.bot.finds_the_removal_stalled()) == ["RemovalStalled"]
        assert talk.run.deployed_at is None

    def test_that_is_refused_after_all_is_no_longer_one(self) -> None:
        talk = self.deployed()
        talk.bot.fails_to_remove(samples.BLOCKER)
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert kinds(talk.bot.reads_the_package(samples.inventory("Hub"))) == ["InventoryChanged"]

    def test_without_effect_does_not_hide_what_is_written_later(self) -> None:
        talk = self.deployed()
        talk.wait(minutes=15)
        talk.bot.finds_the_removal_stalled(samples.BLOCKER)
        assert kinds(talk.bot.finds_the_backup_outdated()) == ["BackupOutdated"]


class TestAStalledRemoval:
    @pytest.mark.parametrize("moment", ["uninstall_reported", "deploying"])
    def test_is_not_seen_in_a_reading_from_before_it_was_pressed(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        if moment == "deploying":
            talk.bot.deploys()
        assert talk.bot.finds_the_removal_stalled(samples.BLOCKER, ago=SECOND) == []
        assert talk.asks(Ask.WAIT_REMOVAL)
        talk.wait(minutes=15)
        assert kinds(talk.bot.finds_the_removal_stalled(samples.BLOCKER)) == ["RemovalStalled"]

    def test_was_seen_then(self) -> None:
        talk = journeys.to_uninstall_reported()
        talk.wait(minutes=20)
        talk.bot.finds_the_removal_stalled(ago=timedelta(minutes=2))
        assert talk.run.last_seen_at == talk.now - timedelta(minutes=2)

    def test_of_the_bots_is_not_measured_by_an_earlier_report(self) -> None:
        talk = journeys.to_removing_without_copy()
        talk.anna.reports_the_uninstall()
        talk.wait(minutes=20)
        talk.bot.finds_the_removal_stalled()
        talk.wait(minutes=5)
        talk.anna.lets_the_bot_remove_it()
        assert talk.bot.finds_the_removal_stalled(ago=timedelta(minutes=3)) == []


class TestTheFileOfWhatGoes:
    def files(self, talk: Conversation, seen: int = 0) -> int:
        return sum(effect.kind == "inventory_file" for effect in talk.effects[seen:])

    def test_is_put_up_with_the_first_list(self) -> None:
        assert self.files(journeys.to_inventory_pending()) == 0
        assert self.files(journeys.to_data_copy_choice()) == 1

    def test_is_put_up_again_when_the_list_changes(self) -> None:
        talk = journeys.to_data_copy_choice()
        blocked = samples.inventory(blockers=(samples.BLOCKER,))
        for found, files in ((samples.inventory(), 0), (blocked, 1), (blocked, 0)):
            seen = len(talk.effects)
            talk.bot.reads_the_package(found)
            assert self.files(talk, seen) == files

    @pytest.mark.parametrize("moment", ["awaiting_removal_approval", "removing_without_copy"])
    def test_is_put_up_when_the_package_changed(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        seen = len(talk.effects)
        talk.bot.reads_the_package(samples.inventory("Hub"))
        assert self.files(talk, seen) == 1

    def test_is_not_put_up_for_another_estimate(self) -> None:
        def about(records: int) -> list[e.Event]:
            found = samples.inventory()
            objects = tuple(
                one.model_copy(update={"records": records, "estimated": True})
                for one in found.objects
            )
            return talk.bot.reads_the_package(found.model_copy(update={"objects": objects}))

        talk = journeys.to_inventory_pending()
        about(100)
        seen = len(talk.effects)
        about(120)
        assert self.files(talk, seen) == 0

    def test_is_not_put_up_when_the_package_is_gone(self) -> None:
        talk = journeys.to_data_copy_choice()
        seen = len(talk.effects)
        talk.bot.finds_no_package()
        assert self.files(talk, seen) == 0


class TestWhatABlockHasEnded:
    """A job that cannot go on ends; whoever answers instead of trying again loses nothing."""

    @pytest.mark.parametrize(
        "moment", ["choosing_data_copy", "no_copy_proposed", "awaiting_removal_approval"]
    )
    def test_the_watch_goes_on_after_any_answer(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        talk.bot.is_blocked("salesforce_forbidden")
        seen = len(talk.effects)
        if talk.at(State.CHOOSING_DATA_COPY):
            talk.anna.keeps_a_copy()
        else:
            talk.anna.reconsiders()
        assert talk.run.blocked is None
        assert "watch_package" in talk.work_since(seen)

    def test_a_backup_goes_on_after_a_list_that_came_late(self) -> None:
        talk = journeys.to_backing_up()
        talk.bot.is_blocked("salesforce_forbidden")
        talk.bot.reads_the_package()
        assert talk.run.blocked is None
        assert [effect.key for effect in talk.effects].count("back_up:1") == 2


class TestLookingAgain:
    """Check now, once the choice is made: the list may stay while what blocks it changes."""

    def test_finds_what_blocks_now_and_leaves_the_approvals(self) -> None:
        talk = journeys.to_removal_approval()
        talk.carl.approves()
        since, asked = talk.run.since, talk.run.prompt_version
        found = samples.inventory(blockers=(samples.BLOCKER,))
        assert kinds(talk.bot.reads_the_package(found)) == ["InventoryReread"]
        assert talk.run.inventory is not None
        assert talk.run.inventory.blockers == (samples.BLOCKER,)
        assert set(talk.run.votes) == {"UC"}
        assert (talk.run.since, talk.run.prompt_version) == (since, asked)
        assert kinds(talk.bot.reads_the_package(found)) == []

    def test_asks_for_the_list_until_uninstall_is_pressed(self) -> None:
        talk = journeys.to_removing()
        seen = len(talk.effects)
        talk.anna.asks_to_check()
        assert talk.work_since(seen) == ["take_inventory", "watch_package"]
        talk.anna.reports_the_uninstall()
        seen = len(talk.effects)
        talk.anna.asks_to_check()
        assert talk.work_since(seen) == ["watch_package"]


class TestTwoJobs:
    """A backup and the watch go on side by side; a block belongs to one of them."""

    def test_one_that_goes_on_does_not_mend_the_other(self) -> None:
        talk = journeys.to_backing_up()
        blocked = c.RecordBlocked(
            code="backup_disk_full", problem=N_("full"), remedy=N_("make room"), job="back_up:1"
        )
        assert kinds(talk.bot.does(blocked)) == ["Blocked"]
        assert kinds(talk.bot.does(c.RecordRecovered(job="watch_package"))) == []
        assert kinds(talk.bot.does(c.RecordRecovered(job="back_up:1"))) == ["Recovered"]
