"""Step 3: the inventory, the data-copy choice, approvals of the removal, and its proof (P3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from tests.workflows.laid import laid, wanted
from tests.workflows.people import CARL, DORA, EMIL
from tests.workflows.removing import removal_digest_of
from workflows import events as e
from workflows.checklist import Mark, checklist
from workflows.prompts import Ask
from workflows.rules.package import inventory_digest, removal_digest
from workflows.states import State
from workflows.values import Inventory

LARGER = samples.inventory("Hub", "Sync", "Added")


def mark(talk: Conversation, name: str) -> Mark:
    return next(step.mark for step in checklist(talk.run) if step.name == name)


def assert_bound_to_what_is_shown(talk: Conversation) -> None:
    """Check that approvals would be bound to the inventory and choice that are shown."""
    assert talk.run.removal_digest == removal_digest_of(talk.run)


class TestTheChoice:
    def test_keeping_a_copy_is_chosen_once(self) -> None:
        talk = journeys.to_data_copy_choice()
        assert kinds(talk.anna.keeps_a_copy()) == ["DataCopyChosen"]
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
        assert talk.run.keep_copy is True
        assert_bound_to_what_is_shown(talk)

    @pytest.mark.parametrize("moment", ["backed_up", "waived"])
    def test_keeping_none_is_confirmed_twice(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        assert isinstance(talk.events[-2 if moment == "waived" else -3], e.NoCopyProposed)
        assert talk.asks(Ask.CONFIRM_NO_COPY)
        assert not talk.run.keep_copy
        assert kinds(talk.anna.confirms_no_copy()) == ["DataCopyChosen"]
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
        assert talk.run.keep_copy is False
        assert talk.proof("download") == "skipped"
        assert_bound_to_what_is_shown(talk)

    def test_the_second_confirmation_can_be_withheld(self) -> None:
        talk = journeys.to_data_copy_choice()
        talk.anna.keeps_no_copy()
        talk.anna.reconsiders()
        assert talk.asks(Ask.CHOOSE_DATA_COPY)
        talk.anna.keeps_a_copy()
        assert talk.run.keep_copy is True

    def test_every_choice_has_a_digest_of_its_own(self) -> None:
        digests = {
            removal_digest(inventory_digest(found), keep=keep, backup=backup, waiver=waiver)
            for found in (samples.inventory(), LARGER)
            for keep in (True, False)
            for backup in ("", "0" * 64, "1" * 64)
            for waiver in ("", "UE empty", "UD empty", "UE of no use")
        }
        assert len(digests) == 2 * 2 * 3 * 4

    def test_a_blocker_takes_nothing_away_from_an_approval(self) -> None:
        blocked = samples.inventory(blockers=(samples.BLOCKER,))
        assert inventory_digest(blocked) == inventory_digest(samples.inventory())
        assert inventory_digest(LARGER) != inventory_digest(samples.inventory())

    def test_does_not_change_with_an_estimate_or_an_assignment(self) -> None:
        found = samples.inventory()
        (first, *others) = found.objects

        def counted(records: int, *, estimated: bool) -> Inventory:
            item = first.model_copy(update={"records": records, "estimated": estimated})
            return found.model_copy(update={"objects": (item, *others)})

        about = inventory_digest(counted(100, estimated=True))
        assert inventory_digest(counted(120, estimated=True)) == about
        assert inventory_digest(counted(100, estimated=False)) != about
        exact = inventory_digest(counted(100, estimated=False))
        assert inventory_digest(counted(101, estimated=False)) != exact
        assigned = found.model_copy(update={"permission_sets": {"HubSpot": ("Ada",)}})
        assert inventory_digest(assigned) == inventory_digest(found)


class TestTheRemovalGate:
    def test_needs_the_consent_and_the_quorum_in_any_order(self) -> None:
        talk = journeys.to_removal_approval()
        talk.carl.approves()
        talk.dora.approves()
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
        assert kinds(talk.anna.consents()) == ["ConsentGiven", "GatePassed"]
        assert talk.run.passed["removal"] == (CARL, DORA)
        assert talk.at(State.REMOVING_PACKAGE)

    def test_needs_approvals_of_its_own(self) -> None:
        talk = journeys.to_removal_approval()
        assert talk.run.votes == {}
        talk.anna.consents()
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)

    def test_declined(self) -> None:
        talk = journeys.to_removal_approval()
        assert talk.emil.declines() == [e.Declined(gate="removal", reason="Not this quarter")]
        assert talk.at(State.DECLINED)
        assert talk.run.irreversible == ("disconnected", "owners_deleted")

    def test_lapsed_approvals_are_asked_for_again(self) -> None:
        talk = journeys.to_removal_approval()
        talk.anna.consents()
        talk.carl.approves()
        asked = talk.run.prompt_version
        talk.wait(hours=24)
        assert kinds(talk.bot.fires()) == ["ApprovalsLapsed"]
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
        assert talk.run.prompt_version > asked
        assert talk.run.votes == {}
        assert not talk.run.consent
        assert "consent" not in talk.run.evidence
        assert "GiveConsent" in talk.asked.choices
        journeys.approved(talk)
        assert talk.at(State.REMOVING_PACKAGE)

    @pytest.mark.parametrize("moment", ["awaiting_removal_approval", "removing_package"])
    def test_reconsidering_lapses_everything(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        if moment == "awaiting_removal_approval":
            talk.anna.consents()
            talk.carl.approves()
        talk.anna.reconsiders()
        assert talk.asks(Ask.CHOOSE_DATA_COPY)
        assert talk.run.votes == {}
        talk.anna.keeps_a_copy()
        talk.dora.approves()
        talk.emil.approves()
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
        talk.anna.consents()
        assert talk.run.passed["removal"] == (DORA, EMIL)

    def test_reconsidering_leaves_no_mark_of_the_approvals_that_lapsed(self) -> None:
        talk = journeys.to_removing()
        assert mark(talk, "removal_approval") is Mark.ATTESTED
        talk.anna.reconsiders()
        assert mark(talk, "removal_approval") is Mark.OPEN
        assert "removal" not in talk.run.passed
        assert "consent" not in talk.run.evidence


class TestAChangedPackage:
    @pytest.mark.parametrize("moment", ["awaiting_removal_approval", "reconfirmation"])
    def test_makes_approvals_void_and_asks_again(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        if moment == "awaiting_removal_approval":
            talk.anna.consents()
            talk.carl.approves()
        asked = talk.run.prompt_version
        [changed] = talk.bot.reads_the_package(LARGER)
        assert isinstance(changed, e.InventoryChanged)
        assert (changed.added, changed.removed) == (("ApexClass Added",), ())
        assert talk.asks(Ask.APPROVE_REMOVAL)
        assert talk.run.prompt_version > asked
        assert (talk.run.votes, talk.run.consent) == ({}, False)
        assert "removal" not in talk.run.passed
        assert mark(talk, "removal_approval") is Mark.WAITING
        assert_bound_to_what_is_shown(talk)
        journeys.approved(talk)
        talk.bot.reads_the_package(LARGER)
        assert talk.asks(Ask.REMOVE_PACKAGE)

    def test_what_else_is_new_is_named(self) -> None:
        talk = journeys.to_reconfirmation()
        found = samples.inventory("Hub", objects={"HubSpot__Log__c": 13})
        [changed] = talk.bot.reads_the_package(found)
        assert isinstance(changed, e.InventoryChanged)
        assert changed.added == ("HubSpot__Log__c: 13",)
        assert changed.removed == ("ApexClass Sync", "HubSpot__Log__c: 12")

    def test_the_evidence_is_the_reading_of_what_is_shown(self) -> None:
        talk = journeys.to_removal_approval()
        talk.wait(hours=1)
        [changed] = talk.bot.reads_the_package(LARGER)
        assert isinstance(changed, e.InventoryChanged)
        assert talk.run.evidence["inventory"].reading == changed.reading

    def test_a_choice_made_after_it_is_bound_to_what_is_shown(self) -> None:
        talk = journeys.to_removal_approval()
        talk.bot.reads_the_package(LARGER)
        assert_bound_to_what_is_shown(talk)
        talk.anna.reconsiders()
        talk.anna.keeps_a_copy()
        assert_bound_to_what_is_shown(talk)

    def test_an_unchanged_one_is_told_once(self) -> None:
        talk = journeys.to_removing()
        assert talk.bot.reads_the_package() == []
        before = journeys.to_removal_approval()
        assert before.bot.reads_the_package() == []

    def test_one_that_was_read_before_the_approvals_confirms_nothing(self) -> None:
        """Nobody knows from it what happened to the package while it was being approved."""
        talk = journeys.to_reconfirmation()
        assert talk.bot.reads_the_package(ago=timedelta(seconds=1)) == []
        assert talk.asks(Ask.WAIT_RECONFIRMATION)
        with talk.refused("not_reconfirmed"):
            talk.anna.reports_the_uninstall()
        talk.wait(minutes=1)
        assert kinds(talk.bot.reads_the_package()) == ["InventoryReconfirmed"]
        assert talk.asks(Ask.REMOVE_PACKAGE)

    def test_a_reading_that_comes_late_does_not_disturb_a_reported_uninstall(self) -> None:
        """A part that is gone already is no change to approve."""
        talk = journeys.to_uninstall_reported()
        assert talk.bot.reads_the_package(LARGER) == []

    def test_found_right_before_the_bot_removes_it_stops_the_bot(self) -> None:
        talk = journeys.to_removing_without_copy()
        talk.anna.lets_the_bot_remove_it()
        assert talk.bot.reads_the_package() == []
        assert kinds(talk.bot.reads_the_package(LARGER)) == ["InventoryChanged"]
        assert talk.asks(Ask.CONFIRM_NO_COPY)
        assert not talk.run.bot_removing
        talk.anna.starts_a_backup()
        talk.bot.backs_up()
        talk.anna.confirms_no_copy()
        journeys.approved(talk)
        talk.bot.reads_the_package(LARGER)
        assert talk.anna.lets_the_bot_remove_it() == [e.BotRemovalStarted(attempt=2)]


class TestTheRemoval:
    def test_by_hand_with_a_copy(self) -> None:
        talk = journeys.to_uninstall_reported()
        assert talk.proof("removal") == "attested"
        assert kinds(talk.bot.finds_the_package_gone()) == ["PackageRemoved"]
        assert talk.proof("removal") == "verified"
        assert talk.at(State.DATA_COPY_WINDOW)

    def test_by_hand_without_a_copy(self) -> None:
        talk = journeys.to_removing_without_copy()
        talk.anna.reports_the_uninstall()
        assert kinds(talk.bot.finds_the_package_gone()) == ["PackageRemoved", "RunCompleted"]
        assert talk.at(State.COMPLETED)
        assert talk.run.deadline is None

    def test_by_the_bot_only_without_a_copy(self) -> None:
        assert "RemoveByBot" not in journeys.to_removing().asked.choices
        talk = journeys.to_removing_without_copy()
        assert "RemoveByBot" in talk.asked.choices
        assert talk.anna.lets_the_bot_remove_it() == [e.BotRemovalStarted(attempt=1)]
        assert talk.asks(Ask.WAIT_REMOVAL)
        talk.bot.finds_the_package_gone()
        assert talk.at(State.COMPLETED)
        assert not talk.run.bot_removing

    def test_by_the_bot_refused_and_started_anew(self) -> None:
        talk = journeys.to_removing_without_copy()
        talk.anna.lets_the_bot_remove_it()
        talk.bot.fails_to_remove(samples.BLOCKER)
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert samples.BLOCKER in talk.run.removal_problems
        assert talk.anna.lets_the_bot_remove_it() == [e.BotRemovalStarted(attempt=2)]
        assert not talk.run.removal_problems
        keys = [effect.key for effect in talk.effects if effect.kind == "remove_package"]
        assert keys == ["remove_package:1", "remove_package:2"]

    def test_by_the_bot_without_effect_and_started_anew(self) -> None:
        talk = journeys.to_removing_without_copy()
        talk.anna.lets_the_bot_remove_it()
        assert talk.bot.finds_the_removal_stalled(samples.BLOCKER) == [], "it is not deployed yet"
        talk.bot.begins_to_deploy()
        talk.bot.deploys()
        assert kinds(talk.bot.finds_the_removal_stalled(samples.BLOCKER)) == ["RemovalStalled"]
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert not talk.run.bot_removing
        assert samples.BLOCKER in talk.run.removal_problems
        assert talk.anna.lets_the_bot_remove_it() == [e.BotRemovalStarted(attempt=2)]

    def test_stalled_and_reported_again(self) -> None:
        talk = journeys.to_uninstall_reported()
        talk.bot.finds_the_removal_stalled(samples.BLOCKER)
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert samples.BLOCKER in talk.run.removal_problems
        assert "removal" not in talk.run.evidence
        talk.anna.reports_the_uninstall()
        assert not talk.run.removal_problems
        assert talk.asks(Ask.WAIT_REMOVAL)

    def test_nobody_has_to_say_so(self) -> None:
        talk = journeys.to_removing()
        assert talk.bot.finds_the_removal_stalled() == []
        assert talk.bot.fails_to_remove() == []
        talk.bot.finds_the_package_gone()
        assert talk.at(State.DATA_COPY_WINDOW)


class TestRemovedBySomebodyElse:
    def test_while_the_copy_is_chosen_the_window_is_guarded(self) -> None:
        talk = journeys.to_data_copy_choice()
        read_at = talk.now
        talk.wait(hours=2)
        assert kinds(talk.bot.finds_no_package()) == ["PackageRemoved"]
        assert talk.at(State.DATA_COPY_WINDOW)
        assert talk.run.deadline == read_at + timedelta(hours=48)

    def test_while_approvals_are_awaited(self) -> None:
        talk = journeys.to_removal_approval()
        talk.carl.approves()
        talk.wait(hours=2)
        talk.bot.finds_no_package()
        assert talk.at(State.DATA_COPY_WINDOW)

    def test_before_doing_without_a_copy_was_approved_one_may_be_kept(self) -> None:
        talk = journeys.to_removal_approval_without_copy()
        talk.bot.finds_no_package()
        assert talk.at(State.DATA_COPY_WINDOW)
        assert "download" not in talk.run.evidence

    def test_while_it_is_read_again_is_no_dead_end(self) -> None:
        talk = journeys.to_reconfirmation()
        talk.bot.finds_the_package_gone()
        assert talk.at(State.DATA_COPY_WINDOW)

    def test_the_window_counts_from_the_reading_not_from_its_arrival(self) -> None:
        """A long inventory is recorded minutes after it began; the package may go meanwhile."""
        talk = journeys.to_inventory_pending()
        talk.wait(minutes=30)
        talk.bot.reads_the_package(ago=timedelta(minutes=20))
        seen_at = talk.now - timedelta(minutes=20)
        talk.wait(hours=1)
        talk.bot.finds_no_package()
        assert talk.run.deadline == seen_at + timedelta(hours=48)

    def test_before_it_was_read_the_window_counts_from_the_plan(self) -> None:
        """The plan saw it; whoever removed it since may have had a copy saved."""
        talk = journeys.to_inventory_pending()
        plan = talk.run.plan
        assert plan is not None
        assert kinds(talk.bot.finds_no_package()) == ["PackageRemoved"]
        assert talk.at(State.DATA_COPY_WINDOW)
        assert talk.run.removed_at == plan.taken_at
        assert talk.run.deadline == plan.taken_at + timedelta(hours=48)
        assert talk.proof("removal") == "verified"
        assert talk.proof("download") is None
        assert laid(talk) == wanted(talk)
        assert laid(talk)
        talk.anna.downloaded()
        assert talk.at(State.COMPLETED)

    def test_what_was_read_counts_where_the_plan_saw_none(self) -> None:
        talk = journeys.to_package_unseen()
        talk.bot.reads_the_package()
        seen_at = talk.now
        talk.wait(hours=1)
        assert kinds(talk.bot.finds_no_package()) == ["PackageRemoved"]
        assert talk.run.deadline == seen_at + timedelta(hours=48)
