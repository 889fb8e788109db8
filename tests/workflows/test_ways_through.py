"""Each way through a run, told as conversations."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from tests.workflows.people import BELA, CARL, DORA, EMIL
from workflows import events as e
from workflows.prompts import Ask
from workflows.states import ACTIVE, State
from workflows.values import OwnedRecords, Policy, Reason


def test_the_whole_procedure() -> None:
    talk = Conversation()
    talk.anna.starts()
    assert talk.at(State.PLANNING)
    talk.bot.plans()
    assert talk.asks(Ask.APPROVE_PLAN)

    talk.carl.approves()
    assert talk.at(State.AWAITING_APPROVAL)
    assert kinds(talk.dora.approves()) == ["Approved", "GatePassed"]
    assert talk.run.passed == {"plan": (CARL, DORA)}

    assert talk.asks(Ask.DISCONNECT)
    talk.anna.reports_the_disconnect()
    assert talk.proof("disconnect") == "attested"
    talk.bot.finds_the_sync_quiet()
    assert talk.proof("disconnect") == "verified"

    talk.bot.counts()
    assert talk.at(State.MAPPING_OWNERS)
    talk.anna.maps(samples.SAM, samples.HELEN)
    talk.anna.maps_the_rest_to(samples.HUGO)
    [confirmed] = talk.anna.confirms_the_mapping()
    assert isinstance(confirmed, e.MappingConfirmed)
    assert confirmed.mapping == {
        samples.SAM.id: samples.HELEN.id,
        samples.SUE.id: samples.HUGO.id,
        samples.QUEUE.id: samples.HUGO.id,
    }
    assert talk.at(State.REASSIGNING)

    talk.bot.finishes_the_job()
    assert talk.asks(Ask.WAIT_COUNT)
    talk.bot.counts(samples.emptied())
    assert talk.at(State.CLEANING_UP_OWNERS)
    talk.anna.reports_the_owners_deleted()
    talk.bot.finds_the_owners_gone()

    assert talk.at(State.CHOOSING_DATA_COPY)
    talk.bot.reads_the_package()
    talk.anna.keeps_a_copy()
    assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
    talk.anna.consents()
    talk.dora.approves()
    talk.emil.approves()
    assert talk.at(State.REMOVING_PACKAGE)
    assert talk.asks(Ask.WAIT_RECONFIRMATION)
    talk.bot.reads_the_package()
    assert talk.asks(Ask.REMOVE_PACKAGE)
    talk.anna.reports_the_uninstall()
    talk.bot.finds_the_package_gone()

    assert talk.at(State.DATA_COPY_WINDOW)
    assert kinds(talk.anna.downloaded()) == ["DownloadConfirmed", "RunCompleted"]
    assert talk.at(State.COMPLETED)
    assert talk.run.irreversible == ("disconnected", "owners_deleted", "package_removed")
    assert {step: proof.kind for step, proof in talk.run.evidence.items()} == {
        "plan_approval": "attested",
        "disconnect": "verified",
        "reassign": "verified",
        "cleanup": "verified",
        "inventory": "verified",
        "data_copy": "attested",
        "consent": "attested",
        "removal_approval": "attested",
        "removal": "verified",
        "download": "attested",
    }


class TestThePlanGate:
    def test_declined(self) -> None:
        talk = journeys.to_approval()
        talk.carl.approves()
        assert talk.dora.declines("  After the fair. ") == [
            e.Declined(gate="plan", reason="After the fair.")
        ]
        assert talk.at(State.DECLINED)

    def test_expired(self) -> None:
        talk = journeys.to_approval()
        talk.carl.approves()
        talk.wait(hours=24)
        assert kinds(talk.bot.fires()) == ["ApprovalsLapsed", "RunExpired"]
        assert talk.at(State.EXPIRED)
        assert talk.run.irreversible == ()

    def test_a_sync_problem_is_asked_about_again(self) -> None:
        talk = journeys.to_planning(reason=Reason.SYNC_PROBLEM)
        talk.bot.plans()
        assert talk.asks(Ask.ACKNOWLEDGE_ADVICE)
        assert kinds(talk.anna.insists()) == ["AdviceAcknowledged"]
        assert talk.asks(Ask.APPROVE_PLAN)
        talk.carl.approves()
        talk.dora.approves()
        assert talk.at(State.DISCONNECTING)

    def test_the_advice_is_asked_about_once_only(self) -> None:
        talk = journeys.to_planning(reason=Reason.SYNC_PROBLEM)
        talk.bot.plans()
        talk.anna.insists()
        talk.anna.asks_for_a_new_plan()
        talk.bot.plans()
        assert talk.asks(Ask.APPROVE_PLAN)

    def test_a_new_plan_lapses_the_approvals(self) -> None:
        talk = journeys.to_approval()
        first = talk.run.plan_digest
        talk.carl.approves()
        talk.anna.asks_for_a_new_plan()
        assert talk.at(State.PLANNING)
        assert talk.run.votes == {}
        talk.wait(minutes=3)
        talk.bot.plans(samples.OWNERS[:1])
        assert talk.run.plan_digest not in {"", first}
        talk.dora.approves()
        assert talk.at(State.AWAITING_APPROVAL)
        talk.carl.approves()
        assert talk.run.passed["plan"] == (CARL, DORA)

    def test_one_approval_is_enough_where_the_policy_says_so(self) -> None:
        talk = journeys.to_approval(Policy(quorum=1))
        talk.emil.approves()
        assert talk.at(State.DISCONNECTING)


class TestDisconnecting:
    def test_the_sync_still_runs(self) -> None:
        talk = journeys.to_disconnecting()
        talk.anna.reports_the_disconnect()
        assert "disconnected" in talk.run.irreversible
        talk.bot.finds_the_sync_running()
        assert talk.asks(Ask.DISCONNECT)
        assert "disconnected" not in talk.run.irreversible
        assert talk.proof("disconnect") is None
        talk.anna.reports_the_disconnect()
        talk.bot.finds_the_sync_quiet()
        assert talk.asks(Ask.WAIT_OWNERS)

    def test_a_silence_from_before_the_report_proves_nothing(self) -> None:
        talk = journeys.to_disconnecting()
        talk.wait(minutes=5)
        talk.anna.reports_the_disconnect()
        assert talk.bot.finds_the_sync_quiet(ago=timedelta(seconds=1)) == []
        assert talk.asks(Ask.WAIT_SYNC)
        assert talk.proof("disconnect") == "attested"
        assert kinds(talk.bot.finds_the_sync_quiet()) == ["DisconnectVerified"]
        assert talk.proof("disconnect") == "verified"

    def test_where_the_sync_cannot_be_read_the_word_stands_as_a_word(self) -> None:
        talk = journeys.to_disconnecting()
        talk.anna.reports_the_disconnect()
        talk.bot.cannot_read_the_sync()
        assert talk.proof("disconnect") == "attested"
        assert talk.asks(Ask.WAIT_OWNERS)
        talk.bot.counts()
        assert talk.at(State.MAPPING_OWNERS)

    def test_a_count_does_not_skip_the_disconnect(self) -> None:
        talk = journeys.to_disconnecting()
        talk.bot.counts()
        assert talk.at(State.DISCONNECTING)
        talk.anna.reports_the_disconnect()
        talk.bot.counts(())
        assert talk.at(State.DISCONNECTING)


class TestNothingToDo:
    @pytest.mark.parametrize("owners", [(), samples.emptied()], ids=["no owners", "no records"])
    def test_nothing_to_reassign(self, owners: tuple[OwnedRecords, ...]) -> None:
        talk = journeys.to_disconnected()
        assert kinds(talk.bot.counts(owners)) == ["OwnersCounted", "NothingToReassign"]
        assert talk.at(State.CHOOSING_DATA_COPY)
        assert talk.proof("reassign") == "skipped"
        assert talk.proof("cleanup") == "skipped"
        assert "take_inventory" in talk.work_since(0)

    def test_no_package(self) -> None:
        talk = journeys.to_package_unseen()
        assert kinds(talk.bot.finds_no_package()) == ["PackageAbsent", "RunCompleted"]
        assert talk.at(State.COMPLETED)
        assert talk.proof("removal") == "verified"
        assert talk.proof("download") == "skipped"


class TestCancelling:
    IRREVERSIBLE = {
        State.PLANNING: (),
        State.AWAITING_APPROVAL: (),
        State.DISCONNECTING: (),
        State.MAPPING_OWNERS: ("disconnected",),
        State.REASSIGNING: ("disconnected", "records_reassigned"),
        State.CLEANING_UP_OWNERS: ("disconnected",),
        State.CHOOSING_DATA_COPY: ("disconnected", "owners_deleted"),
        State.AWAITING_REMOVAL_APPROVAL: ("disconnected", "owners_deleted"),
        State.REMOVING_PACKAGE: ("disconnected", "owners_deleted"),
        State.DATA_COPY_WINDOW: ("disconnected", "owners_deleted", "package_removed"),
    }

    @pytest.mark.parametrize("state", ACTIVE)
    def test_says_what_cannot_be_taken_back(self, state: State) -> None:
        talk = journeys.JOURNEYS[state]()
        talk.wait(minutes=5)
        assert talk.bela.cancels(" no more ") == [
            e.Cancelled(reason="no more", irreversible=self.IRREVERSIBLE[state])
        ]
        assert talk.at(State.CANCELLED)
        assert talk.run.irreversible == self.IRREVERSIBLE[state]
        assert talk.run.ended_at == talk.now
        assert talk.asks(Ask.OVER)

    def test_a_disconnect_nobody_checked_counts(self) -> None:
        talk = journeys.to_disconnecting()
        talk.anna.reports_the_disconnect()
        assert talk.anna.cancels() == [e.Cancelled(irreversible=("disconnected",))]

    def test_an_uninstall_nobody_checked_counts(self) -> None:
        """As with the disconnect: somebody said that Uninstall was pressed."""
        talk = journeys.to_uninstall_reported()
        [cancelled] = talk.anna.cancels()
        assert isinstance(cancelled, e.Cancelled)
        assert "removal_begun" in cancelled.irreversible
        assert "package_removed" not in cancelled.irreversible

    def test_an_uninstall_that_did_not_happen_does_not_count(self) -> None:
        talk = journeys.to_uninstall_reported()
        talk.bot.finds_the_removal_stalled()
        [cancelled] = talk.anna.cancels()
        assert isinstance(cancelled, e.Cancelled)
        assert "removal_begun" not in cancelled.irreversible

    def test_records_that_keep_their_new_owners_count(self) -> None:
        talk = journeys.to_reassigning()
        talk.bot.finishes_the_job(failures=2, changed=4)
        told = ("disconnected", "records_reassigned")
        assert talk.anna.cancels() == [e.Cancelled(irreversible=told)]

    def test_records_of_every_job_count(self) -> None:
        talk = journeys.to_reassigning()
        talk.bot.finishes_the_job(failures=2, changed=4)
        talk.bot.counts(samples.OWNERS[:1])
        talk.anna.tries_the_rest_again()
        talk.bot.finishes_the_job(failures=2)
        assert talk.run.records_changed == 4
        [cancelled] = talk.anna.cancels()
        assert isinstance(cancelled, e.Cancelled)
        assert "records_reassigned" in cancelled.irreversible

    @pytest.mark.parametrize(("left", "told"), [(0, False), (2, True)])
    def test_records_that_were_given_back_do_not_count(self, left: int, told: bool) -> None:
        talk = journeys.to_reassigning()
        talk.bot.finishes_the_job(changed=4)
        talk.bot.counts(samples.emptied())
        talk.anna.undoes()
        talk.bot.finishes_the_undo(left_alone=left)
        [cancelled] = talk.anna.cancels()
        assert isinstance(cancelled, e.Cancelled)
        assert ("records_reassigned" in cancelled.irreversible) is told

    def test_works_while_frozen_and_while_blocked(self) -> None:
        talk = journeys.to_mapping()
        talk.bot.is_blocked()
        talk.bela.freezes()
        talk.bela.cancels()
        assert talk.at(State.CANCELLED)
        assert not talk.run.frozen
        assert talk.run.blocked is None


class TestHandingOver:
    @pytest.mark.parametrize("state", ACTIVE)
    def test_another_administrator_takes_over(self, state: State) -> None:
        talk = journeys.JOURNEYS[state]()
        [handed] = talk.anna.hands_over_to(BELA)
        assert isinstance(handed, e.HandedOver)
        assert talk.run.responsible == BELA
        assert talk.run.requester == "UA"
        assert talk.run.were_responsible == {"UA"}

    def test_the_vote_of_whoever_takes_over_is_dropped(self) -> None:
        talk = journeys.to_approval()
        talk.emil.approves()
        talk.anna.hands_over_to(EMIL)
        assert talk.run.votes == {}
        talk.carl.approves()
        assert talk.at(State.AWAITING_APPROVAL)
        talk.dora.approves()
        assert talk.run.passed["plan"] == (CARL, DORA)

    def test_works_while_frozen(self) -> None:
        talk = journeys.to_mapping()
        talk.bela.freezes()
        talk.anna.hands_over_to(BELA)
        assert talk.asked.people == (BELA,)

    def test_the_responsible_one_is_not_waited_for_as_an_approver(self) -> None:
        """Whoever would be refused is not asked."""
        talk = journeys.to_approval()
        assert set(talk.asked.people) == {CARL, DORA, EMIL}
        talk.anna.hands_over_to(EMIL)
        assert set(talk.asked.people) == {CARL, DORA}
        talk.emil.hands_over_to(BELA)
        assert set(talk.asked.people) == {CARL, DORA}


class TestFreezing:
    @pytest.mark.parametrize("state", ACTIVE)
    def test_holds_and_lets_go(self, state: State) -> None:
        talk = journeys.JOURNEYS[state]()
        asked = talk.asked
        talk.bela.freezes()
        assert (talk.run.frozen, talk.run.frozen_by) == (True, BELA)
        assert talk.run.thawed_at is None
        talk.wait(minutes=3)
        talk.carl.unfreezes()
        assert (talk.run.frozen, talk.run.frozen_by) == (False, "")
        assert talk.run.thawed_at == talk.now
        assert talk.asked == asked

    def test_a_frozen_run_is_not_frozen_again(self) -> None:
        talk = journeys.to_mapping()
        talk.bela.freezes()
        with talk.refused("frozen"):
            talk.anna.freezes()
        assert talk.run.frozen_by == BELA

    def test_what_the_bot_finds_out_is_not_lost(self) -> None:
        talk = journeys.to_reassigning()
        talk.bela.freezes()
        talk.bot.finishes_the_job()
        talk.bot.counts(samples.emptied())
        assert talk.at(State.CLEANING_UP_OWNERS)
        assert talk.run.frozen


class TestBlocked:
    """Retry asks anew for the work of the step that was blocked."""

    WORK = {
        "planning": ["take_plan"],
        "disconnected": ["count_owners"],
        "mapping_owners": ["count_owners"],
        "reassigning": ["reassign"],
        "leftovers": [],
        "cleaning_up_owners": ["count_owners"],
        "inventory_pending": ["take_inventory", "watch_package"],
        "choosing_data_copy": ["take_inventory", "watch_package"],
        "backing_up": ["back_up", "watch_package"],
        "awaiting_removal_approval": ["take_inventory", "watch_package"],
        "reconfirmation": ["take_inventory", "watch_package"],
        "removing_package": ["take_inventory", "watch_package"],
        "uninstall_reported": ["watch_package"],
        "data_copy_window": [],
    }

    @pytest.mark.parametrize("moment", WORK)
    def test_and_tried_again(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        talk.wait(minutes=7)
        assert kinds(talk.bot.is_blocked()) == ["Blocked"]
        assert talk.asked.since == talk.now
        assert talk.waits_for(talk.run.responsible)
        seen = len(talk.effects)
        assert kinds(talk.anna.retries()) == ["Retried"]
        assert talk.run.blocked is None
        assert talk.work_since(seen) == self.WORK[moment]

    def test_the_sync_is_watched_again(self) -> None:
        talk = journeys.to_disconnecting()
        talk.anna.reports_the_disconnect()
        talk.bot.is_blocked()
        seen = len(talk.effects)
        talk.anna.retries()
        assert talk.work_since(seen) == ["watch_sync"]

    def test_the_owners_deletion_is_watched_again(self) -> None:
        talk = journeys.to_cleanup()
        talk.anna.reports_the_owners_deleted()
        talk.bot.is_blocked()
        seen = len(talk.effects)
        talk.anna.retries()
        assert talk.work_since(seen) == ["watch_owners_gone"]

    def test_an_undo_goes_on(self) -> None:
        talk = journeys.to_leftovers()
        talk.anna.undoes()
        talk.bot.is_blocked()
        seen = len(talk.effects)
        talk.anna.retries()
        assert talk.work_since(seen) == ["undo"]

    def test_a_removal_by_the_bot_goes_on_with_the_same_attempt(self) -> None:
        talk = journeys.to_removing_without_copy()
        talk.anna.lets_the_bot_remove_it()
        first = [effect for effect in talk.effects if effect.kind == "remove_package"]
        talk.bot.is_blocked()
        seen = len(talk.effects)
        talk.anna.retries()
        assert talk.work_since(seen) == ["remove_package", "watch_package"]
        again = [effect for effect in talk.effects[seen:] if effect.kind == "remove_package"]
        assert again == first

    def test_the_same_trouble_is_told_once_another_one_again(self) -> None:
        talk = journeys.to_mapping()
        talk.bot.is_blocked("no_token")
        assert talk.bot.is_blocked("no_token") == []
        assert kinds(talk.bot.is_blocked("no_scope")) == ["Blocked"]
        talk.anna.retries()
        assert kinds(talk.bot.is_blocked("no_scope")) == ["Blocked"]

    @pytest.mark.parametrize("moment", WORK)
    def test_and_gone_on_by_itself(self, moment: str) -> None:
        """The vendor answers again: nobody has to press anything, and no work is asked for."""
        talk = journeys.MOMENTS[moment]()
        asked = talk.asked
        talk.bot.is_blocked()
        talk.wait(minutes=7)
        seen = len(talk.effects)
        assert kinds(talk.bot.recovers()) == ["Recovered"]
        assert talk.run.blocked is None
        assert talk.asked == asked
        assert talk.work_since(seen) == []
        assert talk.bot.recovers() == []
        with talk.refused("not_blocked"):
            talk.anna.retries()

    def test_a_recovery_is_noted_while_frozen_too(self) -> None:
        talk = journeys.to_mapping()
        talk.bot.is_blocked()
        talk.bela.freezes()
        talk.bot.recovers()
        assert talk.run.frozen
        assert talk.run.blocked is None

    def test_going_on_unblocks(self) -> None:
        talk = journeys.to_planning()
        talk.bot.is_blocked()
        talk.bot.plans()
        assert talk.run.blocked is None


def test_a_missing_capability_is_told_once() -> None:
    talk = journeys.to_planning()
    assert kinds(talk.bot.misses("audit_logs")) == ["CapabilityMissing"]
    assert talk.bot.misses("audit_logs") == []
    assert talk.run.missing == {"audit_logs"}
    assert talk.at(State.PLANNING)
