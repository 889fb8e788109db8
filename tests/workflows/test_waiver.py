"""Step 3, the waiver: an approver lets the package go without a backup, or a complete one (P3d)."""

from __future__ import annotations

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import kinds, secured_by
from tests.workflows.people import ADMINISTRATOR, APPROVER, BELA, CARL, EMIL
from workflows import commands as c
from workflows import events as e
from workflows.rules.package import inventory_digest

LISTED = inventory_digest(samples.inventory())
REASON = "Nothing in it is ours"


class TestWaivingIt:
    def test_is_an_approvers_word_on_record(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.wait(minutes=4)
        assert talk.carl.waives_the_backup(f"  {REASON}. ") == [
            e.BackupWaived(of=LISTED, reason=f"{REASON}.")
        ]
        waiver = talk.run.current_waiver
        assert waiver is not None
        assert (waiver.by, waiver.at, waiver.reason) == (CARL, talk.now, f"{REASON}.")
        assert talk.run.secured
        assert secured_by(talk, "ConfirmNoCopy")
        assert "backup" not in talk.run.evidence
        assert [effect.key for effect in talk.effects if effect.kind == "notice"][-1] == (
            f"notice:{talk.run.version}"
        )

    def test_needs_an_approver(self) -> None:
        talk = journeys.to_no_copy_proposed()
        for person in (talk.bela, talk.zoe):
            with talk.refused("approvers_only"):
                person.waives_the_backup()

    def test_is_never_done_on_the_command_line(self) -> None:
        talk = journeys.to_no_copy_proposed()
        with talk.refused("console_cannot_approve"):
            talk.console(ADMINISTRATOR, APPROVER).waives_the_backup()

    def test_is_never_the_requesters_word(self) -> None:
        talk = journeys.to_no_copy_proposed()
        with talk.refused("own_request"):
            talk.anna.waives_the_backup()

    def test_nor_that_of_whoever_is_or_was_responsible(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.anna.hands_over_to(EMIL)
        with talk.refused("own_request"):
            talk.emil.waives_the_backup()
        talk.emil.hands_over_to(BELA)
        for person in (talk.emil, talk.anna):
            with talk.refused("own_request"):
                person.waives_the_backup()
        assert kinds(talk.carl.waives_the_backup()) == ["BackupWaived"]

    @pytest.mark.parametrize("moment", ["choosing", "approval", "removing"])
    def test_stays_the_word_of_somebody_independent(self, moment: str) -> None:
        """Like a vote; but it is part of what is approved, so it cannot simply be dropped."""
        talk = journeys.to_no_copy_proposed()
        talk.emil.waives_the_backup()
        if moment != "choosing":
            talk.anna.confirms_no_copy()
        if moment == "removing":
            journeys.approved(talk)
            talk.bot.reads_the_package()
        with talk.refused("waived_backup"):
            talk.anna.hands_over_to(EMIL)
        assert kinds(talk.anna.hands_over_to(BELA)) == ["HandedOver"]

    def test_keeps_nobody_from_the_download(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.emil.waives_the_backup()
        talk.bot.finds_no_package()
        assert kinds(talk.anna.hands_over_to(EMIL)) == ["HandedOver"]

    @pytest.mark.parametrize("reason", ["", "  ", "\n"])
    def test_needs_a_reason(self, reason: str) -> None:
        talk = journeys.to_no_copy_proposed()
        with talk.refused("reason_missing"):
            talk.carl.waives_the_backup(reason)

    @pytest.mark.parametrize("moment", ["choosing_data_copy", "backed_up", "waived"])
    def test_is_done_only_where_it_is_needed(self, moment: str) -> None:
        talk = journeys.MOMENTS[moment]()
        assert "WaiveBackup" not in talk.asked.choices
        with talk.refused("nothing_to_waive"):
            talk.carl.waives_the_backup()

    @pytest.mark.parametrize("moment", ["removal_approval", "removing", "window"])
    def test_is_done_only_while_the_choice_is_open(self, moment: str) -> None:
        talk = getattr(journeys, f"to_{moment}")()
        with talk.refused("not_now"):
            talk.carl.waives_the_backup()

    def test_is_refused_while_frozen(self) -> None:
        talk = journeys.to_no_copy_proposed()
        talk.bela.freezes()
        with talk.refused("frozen"):
            talk.carl.waives_the_backup()

    def test_two_at_once_count_as_one(self) -> None:
        talk = journeys.to_no_copy_proposed()
        asked = talk.run.prompt_version
        talk.carl.does(c.WaiveBackup(reason=REASON), asked)
        with talk.refused("stale_prompt"):
            talk.dora.does(c.WaiveBackup(reason=REASON), asked)

    def test_does_not_take_the_waivers_vote(self) -> None:
        """It is another question: what goes, and how, is still to be approved."""
        talk = journeys.to_removal_approval_waived()
        assert talk.run.votes == {}
        talk.anna.consents()
        talk.dora.approves()
        assert kinds(talk.carl.approves()) == ["Approved", "GatePassed"]

    def test_stands_while_the_choice_is_reconsidered(self) -> None:
        talk = journeys.to_removal_approval_waived()
        talk.anna.reconsiders()
        assert secured_by(talk)
        talk.anna.keeps_no_copy()
        assert secured_by(talk, "ConfirmNoCopy")

    def test_lets_a_backup_be_made_all_the_same(self) -> None:
        talk = journeys.to_waived()
        talk.anna.starts_a_backup()
        talk.bot.backs_up(hidden=1)
        assert talk.run.secured
        assert (talk.run.current_backup is None, talk.run.current_waiver is None) == (False, False)
