"""Runs that were begun by an earlier version: their events load, and mean what they meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, kinds
from tests.workflows.escort import see_through
from tests.workflows.examples import command, example
from tests.workflows.people import ANNA, CARL, DORA
from workflows import commands as c
from workflows import events as e
from workflows.decide import decide
from workflows.evolve import evolve, fold
from workflows.prompts import Ask
from workflows.rules.mapping import mapping_digest
from workflows.run import Run
from workflows.states import State
from workflows.values import BOT, CORE_OBJECTS, Actor, Assignment

LATER: dict[str, set[str]] = {
    "approved": {"groups"},
    "owner_mapped": {"others", "kinds"},
    "mapping_confirmed": {"objects"},
    "undo_started": {"owner_id", "owner_name", "object_type"},
    "reassignment_undone": {"still_changed"},
    "removal_failed": {"rehearsal"},
}
"""Fields that events were given later."""
LATER_IN_POLICIES = {"removal_quorum", "groups"}
LATER_IN_PLANS = {"deactivated", "labels"}
LATER_IN_FORECASTS = {"read_calls", "check_calls", "daily_reserve", "resets_at"}
LATER_IN_TALLIES = {"overwritten"}


def as_it_was_stored(talk: Conversation) -> str:
    """Return the history as the version before wrote it: without what came later."""
    stored = json.loads(e.HISTORY.dump_json(talk.history))
    for recorded in stored:
        event = recorded["event"]
        forget(event, LATER.get(event["type"], set()))
        if event["type"] == "run_started":
            forget(event["policy"], LATER_IN_POLICIES)
        if event["type"] == "plan_recorded":
            forget(event["plan"], LATER_IN_PLANS)
            forget(event["plan"]["forecast"], LATER_IN_FORECASTS)
        for tally in event.get("tallies", ()):
            forget(tally, LATER_IN_TALLIES)
    forget_teams(stored)
    return json.dumps(stored)


def forget(fields: dict[str, Any], later: set[str]) -> None:
    for name in later:
        del fields[name]


def forget_teams(found: Any) -> None:
    """Owners had no teams then, wherever they stand."""
    if isinstance(found, dict):
        found.pop("teams", None)
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            forget_teams(one)


def loaded(talk: Conversation) -> Run:
    return fold(e.HISTORY.validate_json(as_it_was_stored(talk)))


def undone(left_alone: int) -> Conversation:
    talk = journeys.to_leftovers()
    talk.anna.undoes()
    talk.bot.finishes_the_undo(left_alone=left_alone)
    return talk


@pytest.mark.parametrize(
    "begin",
    [
        journeys.to_mapping,
        journeys.to_reassigning,
        journeys.to_paused,
        journeys.to_leftovers,
        journeys.to_cleanup,
        journeys.to_removing,
        journeys.to_window,
        lambda: undone(2),
    ],
)
def test_makes_the_same_run(begin: journeys.Journey) -> None:
    talk = begin()
    assert loaded(talk) == talk.run


class TestByTheLetter:
    """Events as they lie in a database of before, word for word."""

    HELEN = '{"id": "501", "name": "Helen Hub", "email": "helen@example.com", "kind": "person"}'

    def after(self, talk: Conversation, *stored: str) -> Run:
        run = talk.run
        for text in stored:
            event = e.ANY_EVENT.validate_json(text)
            actor = talk.history[-1].actor
            recorded = e.Recorded.model_validate(
                {"seq": run.version + 1, "at": talk.now, "actor": actor, "event": event}
            )
            run = evolve(run, recorded)
        return run

    def test_a_choice_is_of_one_target(self) -> None:
        mapped = (
            '{"type": "owner_mapped", "owner_id": "901", "owner_name": "Sam Salesforce", '
            f'"target": {self.HELEN}}}'
        )
        run = self.after(journeys.to_mapping(), mapped)
        assert run.mapping == {"901": Assignment(targets=(samples.HELEN,))}
        assert run.mapping_version == run.version

    def test_what_was_confirmed_may_be_tried_again(self) -> None:
        """Plain owner ids then, assignments' codes now: the same text for one target."""
        talk = journeys.to_mapping()
        mapping = {"901": "501", "902": "502", "903": "502"}
        talk.anna.takes_the_suggestions()
        talk.anna.maps_the_rest_to(samples.HUGO)
        confirmed = json.dumps(
            {"type": "mapping_confirmed", "digest": "0" * 64, "mapping": mapping, "job": 1}
        )
        run = self.after(
            talk,
            confirmed,
            '{"type": "reassignment_finished", "job": 1, "tallies": [{"owner_id": "901", '
            '"object_type": "deals", "changed": 3, "failed": 1, "left_alone": 0}]}',
        )
        assert (run.state, run.job_state) == (State.REASSIGNING, "counting")
        assert run.confirmed == mapping
        assert not run.unconfirmed
        assert run.objects == CORE_OBJECTS
        assert run.records_changed == 3
        event = e.ANY_EVENT.validate_json(confirmed)
        assert isinstance(event, e.MappingConfirmed)
        assert event.objects == CORE_OBJECTS

    @pytest.mark.parametrize("left", [0, 2])
    def test_an_undo_left_changed_what_it_left_alone(self, left: int) -> None:
        talk = journeys.to_leftovers()
        run = self.after(
            talk,
            '{"type": "undo_started", "job": 2}',
            f'{{"type": "reassignment_undone", "job": 2, "restored": 4, "left_alone": {left}}}',
        )
        assert run.records_changed == left
        assert (run.undo_owner, run.undo_object) == ("", "")

    def test_a_count_offers_what_it_counted_besides(self) -> None:
        counted = (
            '{"type": "owners_counted", "owners": [{"owner": {"id": "901", "name": "Sam", '
            '"email": "", "kind": "person"}, "why": "no_hubspot_user", "counts": {"contacts": 3, '
            '"companies": 0, "deals": 1}, "other_counts": {"tickets": 4}, "suggestion": null}], '
            '"reading": {"at": "2026-03-02T10:30:00.000000+00:00", "source": "a", "says": "b"}}'
        )
        run = self.after(journeys.to_disconnected(), counted)
        assert run.state is State.MAPPING_OWNERS
        assert run.records_left == 4
        assert run.owners[0].other_counts == {"tickets": 4}


class TestApprovals:
    """Then they were bound to the digest of the plan, or of the package and the choice, alone."""

    def voted(self, begin: journeys.Journey) -> Conversation:
        """A run of before at a gate, with Carl's approval."""
        before = begin()
        stored = json.loads(as_it_was_stored(before))
        for recorded in stored:
            if "digest" in recorded["event"]:
                recorded["event"]["digest"] = "5" * 64
        gate = "plan" if before.at(State.AWAITING_APPROVAL) else "removal"
        stored.append(
            {
                "seq": len(stored) + 1,
                "at": before.now.isoformat(),
                "actor": {"kind": "person", "id": CARL},
                "event": {"type": "approved", "gate": gate, "digest": "5" * 64},
            }
        )
        talk = Conversation()
        talk.now = before.now
        talk.resume(e.HISTORY.validate_json(json.dumps(stored)))
        return talk

    @pytest.mark.parametrize("begin", [journeys.to_approval, journeys.to_removal_approval])
    def test_that_were_given_count(self, begin: journeys.Journey) -> None:
        talk = self.voted(begin)
        with talk.refused("already_approved"):
            talk.carl.approves()
        if talk.at(State.AWAITING_REMOVAL_APPROVAL):
            talk.anna.consents()
        assert kinds(talk.dora.approves()) == ["Approved", "GatePassed"]
        see_through(talk)

    @pytest.mark.parametrize("begin", [journeys.to_approval, journeys.to_removal_approval])
    def test_of_what_was_shown_then_are_asked_anew(self, begin: journeys.Journey) -> None:
        talk = self.voted(begin)
        with talk.refused("digest_changed"):
            talk.dora.does(c.Approve(shown="5" * 12))
        assert kinds(talk.carl.does(c.WithdrawApproval())) == ["ApprovalWithdrawn"]

    def test_lapse_with_a_notice(self) -> None:
        talk = self.voted(journeys.to_approval)
        talk.wait(hours=18)
        assert kinds(talk.bot.fires(*talk.bot.due())) == ["ApprovalsLapseSoon"]


def test_a_freeze_of_before_is_lifted_by_somebody_else() -> None:
    before = journeys.to_mapping()
    before.bela.freezes()
    talk = Conversation()
    talk.now = before.now
    talk.resume(e.HISTORY.validate_json(as_it_was_stored(before)))
    with talk.refused("own_freeze"):
        talk.bela.unfreezes()
    assert kinds(talk.anna.unfreezes()) == ["Unfrozen"]


def test_a_run_that_was_begun_before_goes_on() -> None:
    """All that came later can be done in it."""
    before = journeys.to_leftovers()
    talk = Conversation()
    talk.now = before.now
    talk.resume(e.HISTORY.validate_json(as_it_was_stored(before)))
    talk.anna.tries_the_rest_again()
    talk.anna.stops()
    talk.bot.finishes_the_job(changed=2)
    talk.bot.counts(samples.WITH_OTHERS[:1])
    talk.anna.changes_the_mapping()
    talk.anna.chooses("tickets")
    talk.anna.maps(samples.SAM, samples.HUGO, samples.HELEN)
    digest = mapping_digest({"901": "502+501"}, (*CORE_OBJECTS, "tickets"))
    [confirmed] = talk.anna.confirms_the_mapping()
    assert isinstance(confirmed, e.MappingConfirmed)
    assert confirmed.digest == digest
    assert talk.asks(Ask.WAIT_REASSIGNMENT)


class TestWithoutACopy:
    """No copy was wanted, when a person's word for a backup of their own was enough."""

    DIGEST = "5" * 64
    CHANGED = "6" * 64

    def told(self, talk: Conversation, *stored: tuple[str, dict[str, Any]]) -> Conversation:
        """Go on with *talk* after these events, which lie in the database as they did then."""
        history = json.loads(as_it_was_stored(talk))
        for who, event in stored:
            actor = BOT if who == BOT.id else Actor(kind="person", id=who)
            history.append(
                {
                    "seq": len(history) + 1,
                    "at": talk.now.isoformat(),
                    "actor": actor.model_dump(),
                    "event": event,
                }
            )
        then = Conversation()
        then.now = talk.now
        then.resume(e.HISTORY.validate_json(json.dumps(history)))
        return then

    def chosen(self, *, own_backup: bool = True) -> Conversation:
        chosen = {"keep": False, "own_backup": own_backup, "digest": self.DIGEST}
        return self.told(
            journeys.to_data_copy_choice(),
            (ANNA, {"type": "no_copy_proposed", "own_backup": own_backup}),
            (ANNA, {"type": "data_copy_chosen", **chosen}),
        )

    def approved(self, talk: Conversation, digest: str = DIGEST) -> Conversation:
        gate = {"gate": "removal", "digest": digest}
        return self.told(
            talk,
            (ANNA, {"type": "consent_given", "digest": digest}),
            (CARL, {"type": "approved", **gate}),
            (DORA, {"type": "approved", **gate}),
            (DORA, {"type": "gate_passed", **gate, "approvers": [CARL, DORA]}),
        )

    def removing(self) -> Conversation:
        return self.told(self.approved(self.chosen()), (BOT.id, self.reconfirmed()))

    def reconfirmed(self) -> dict[str, Any]:
        reading = {"at": samples.START.isoformat(), "source": "a", "says": "b"}
        return {"type": "inventory_reconfirmed", "digest": "7" * 64, "reading": reading}

    def changed(self, talk: Conversation) -> Conversation:
        """Another package was found; the choice stood, and was approved anew."""
        found = samples.inventory("Hub", "Sync", "Added")
        changed = {
            "type": "inventory_changed",
            "inventory": found.model_dump(mode="json"),
            "digest": self.CHANGED,
            "added": ["ApexClass Added"],
            "removed": [],
            "reading": self.reconfirmed()["reading"],
        }
        return self.told(talk, (BOT.id, changed))

    @pytest.mark.parametrize("own_backup", [True, False])
    def test_the_choice_and_the_word_for_a_backup_are_still_told(self, own_backup: bool) -> None:
        talk = self.chosen(own_backup=own_backup)
        proposed, chosen = talk.events[-2:]
        assert isinstance(proposed, e.NoCopyProposed)
        assert isinstance(chosen, e.DataCopyChosen)
        assert (proposed.own_backup, chosen.own_backup) == (own_backup, own_backup)
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
        assert (talk.run.keep_copy, talk.run.removal_digest) == (False, self.DIGEST)
        assert not talk.run.secured

    def test_that_word_keeps_nothing_back(self) -> None:
        talk = self.told(
            journeys.to_data_copy_choice(),
            (ANNA, {"type": "no_copy_proposed", "own_backup": True}),
        )
        assert talk.asks(Ask.CONFIRM_NO_COPY)
        with talk.refused("backup_required"):
            talk.anna.confirms_no_copy()

    def test_a_package_that_changed_then_was_approved_anew_and_can_go(self) -> None:
        """The choice was not asked again; what followed does not fit anything else."""
        talk = self.changed(self.chosen())
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)
        assert (talk.run.keep_copy, talk.run.removal_digest) == (False, self.CHANGED)
        talk = self.approved(talk, self.CHANGED)
        assert talk.asks(Ask.WAIT_RECONFIRMATION)
        assert talk.run.keep_copy is False
        found = talk.run.inventory
        assert kinds(talk.bot.reads_the_package(found)) == ["InventoryReconfirmed"]
        talk.anna.reports_the_uninstall()
        assert kinds(talk.bot.finds_the_package_gone()) == ["PackageRemoved", "RunCompleted"]

    def test_one_that_changes_now_is_secured_first(self) -> None:
        talk = self.removing()
        talk.bot.reads_the_package(samples.inventory("Hub", "Sync", "Added"))
        assert talk.asks(Ask.CONFIRM_NO_COPY)
        with talk.refused("backup_required"):
            talk.anna.confirms_no_copy()

    def test_a_person_may_press_uninstall(self) -> None:
        talk = self.removing()
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert kinds(talk.anna.reports_the_uninstall()) == ["UninstallReported"]
        talk.bot.finds_the_package_gone()
        assert talk.at(State.COMPLETED)
        assert talk.run.deadline is None

    def test_the_bot_removes_it_only_after_it_is_secured(self) -> None:
        talk = self.removing()
        with talk.refused("backup_required"):
            talk.anna.lets_the_bot_remove_it()
        talk.anna.reconsiders()
        talk.anna.keeps_no_copy()
        talk.anna.starts_a_backup()
        talk.bot.backs_up()
        talk.anna.confirms_no_copy()
        journeys.approved(talk)
        talk.bot.reads_the_package()
        assert kinds(talk.anna.lets_the_bot_remove_it()) == ["BotRemovalStarted"]

    def test_only_what_would_be_taken_is_offered(self) -> None:
        talk = self.removing()
        assert "ReportUninstalled" in talk.asked.choices
        for name in talk.asked.choices:
            action = example(getattr(c, name), talk.run, talk.now)
            decide(talk.run, command(action, talk.run), talk.now)

    def test_a_removal_that_the_bot_had_begun_goes_on(self) -> None:
        begun = {"type": "bot_removal_started", "attempt": 1}
        talk = self.told(self.removing(), (ANNA, begun))
        assert talk.asks(Ask.WAIT_REMOVAL)
        assert kinds(talk.bot.rehearses("not_possible")) == ["RemovalRehearsed"]
        problem = samples.BLOCKER.model_dump(mode="json")
        failed = {"type": "removal_failed", "problems": [problem], "reference": "0Af1"}
        talk = self.told(self.told(self.removing(), (ANNA, begun)), (BOT.id, failed))
        assert talk.asks(Ask.REMOVE_PACKAGE)
        assert talk.run.failed_removals == {"0Af1"}

    @pytest.mark.parametrize("moment", ["chosen", "changed", "approved", "removing"])
    def test_can_be_seen_through(self, moment: str) -> None:
        talk = self.chosen()
        if moment == "changed":
            talk = self.changed(talk)
        elif moment == "approved":
            talk = self.approved(talk)
        elif moment == "removing":
            talk = self.removing()
        see_through(talk)
        assert talk.at(State.COMPLETED)
