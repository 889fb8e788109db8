"""Who decides: quorum and groups at each gate, votes taken back, rights that end, freezes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.attacks import Cases
from tests.workflows import journeys
from tests.workflows.driver import Conversation, kinds
from tests.workflows.examples import all_actions, example
from tests.workflows.people import ANNA, BELA, CARL, DORA, EMIL, ROLES, ZOE
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.rules.approval import CONFIRMATIONS, shown, unrepresented
from workflows.states import State
from workflows.timers import timers
from workflows.values import Actor, Policy, Reason, Role

GROUPS = Policy(quorum=2, groups=("HubSpot", "Salesforce"))
MEMBERS = {"HubSpot": (CARL, DORA), "Salesforce": (DORA, EMIL)}


def says(
    talk: Conversation,
    who: str,
    action: c.Action,
    *,
    groups: tuple[str, ...] = (),
    now: tuple[str, ...] | None = None,
) -> list[e.Event]:
    """Let somebody act, who is in *groups*, while those *now* may approve."""
    return talk.execute(
        c.Command(
            actor=Actor(kind="person", id=who),
            roles=ROLES[who],
            groups=frozenset(groups),
            approvers_now=None if now is None else frozenset(now),
            version=talk.run.prompt_version,
            action=action,
        )
    )


def approves(talk: Conversation, who: str, **more: tuple[str, ...]) -> list[e.Event]:
    return says(talk, who, c.Approve(shown=shown(talk.run)), **more)


class TestQuorum:
    def test_of_the_removal_may_be_another(self) -> None:
        talk = journeys.to_removal_approval(Policy(quorum=2, removal_quorum=3))
        talk.anna.consents()
        for who in (CARL, DORA):
            assert kinds(approves(talk, who)) == ["Approved"]
        assert kinds(approves(talk, EMIL)) == ["Approved", "GatePassed"]

    def test_that_can_never_be_met_is_refused_at_the_start(self) -> None:
        talk = Conversation()
        with talk.refused("quorum_unreachable"):
            talk.anna.starts(policy=Policy(quorum=1, removal_quorum=4))

    def test_is_kept_reachable_by_a_hand_over(self) -> None:
        talk = journeys.to_mapping(Policy(quorum=2, removal_quorum=3))
        with talk.refused("quorum_unreachable"):
            talk.anna.hands_over_to(EMIL)


class TestGroups:
    def test_must_each_be_represented(self) -> None:
        talk = journeys.to_approval(GROUPS)
        assert kinds(approves(talk, CARL, groups=("HubSpot",))) == ["Approved"]
        assert kinds(approves(talk, DORA, groups=("HubSpot",))) == ["Approved"], "quorum, no group"
        assert talk.at(State.AWAITING_APPROVAL)
        passed = approves(talk, EMIL, groups=("Salesforce", "unheard of"))
        assert kinds(passed) == ["Approved", "GatePassed"]
        assert passed[0] == e.Approved(
            gate="plan", digest=talk.run.plan_digest, groups=("Salesforce",)
        )

    def test_one_person_does_not_stand_for_two(self) -> None:
        talk = journeys.to_approval(GROUPS)
        both = ("HubSpot", "Salesforce")
        assert kinds(approves(talk, DORA, groups=both)) == ["Approved"]
        assert kinds(approves(talk, CARL)) == ["Approved"]
        assert kinds(approves(talk, EMIL, groups=("Salesforce",))) == ["Approved", "GatePassed"]

    def test_of_which_nobody_else_is_are_refused_at_the_start(self) -> None:
        talk = Conversation()
        start = c.StartRun(
            run_id="R1",
            account=journeys.to_planning().run.account,
            reason=Reason.OTHER,
            confirmed=frozenset(CONFIRMATIONS),
            eligible_approvers=(ANNA, CARL, DORA),
            group_members={"HubSpot": (CARL, DORA), "Salesforce": (ANNA,)},
            policy=GROUPS,
        )
        with pytest.raises(Refused) as refused:
            talk.execute(
                c.Command(actor=Actor(kind="person", id=ANNA), roles=ROLES[ANNA], action=start)
            )
        assert refused.value.code == "groups_unreachable"
        assert "Salesforce" in str(refused.value)
        fine = start.model_copy(update={"group_members": MEMBERS})
        assert talk.execute(
            c.Command(actor=Actor(kind="person", id=ANNA), roles=ROLES[ANNA], action=fine)
        )

    def test_as_many_as_possible_are_represented(self) -> None:
        assert unrepresented(("a", "b"), {"1": ("a", "b"), "2": ("a",)}) == ()
        assert unrepresented(("a", "b"), {"1": ("a", "b")}) == ("b",)
        chain = {"1": ("a", "b"), "2": ("b", "c"), "3": ("c", "a")}
        assert unrepresented(("a", "b", "c"), chain) == ()
        assert unrepresented((), {}) == ()


class TestTakenBack:
    def test_an_approval_no_longer_counts_and_may_be_given_again(self) -> None:
        talk = journeys.to_approval()
        approves(talk, CARL)
        assert kinds(says(talk, CARL, c.WithdrawApproval())) == ["ApprovalWithdrawn"]
        assert talk.run.votes == {}
        assert kinds(approves(talk, DORA)) == ["Approved"]
        assert kinds(approves(talk, CARL)) == ["Approved", "GatePassed"]

    def test_only_ones_own(self) -> None:
        talk = journeys.to_approval()
        approves(talk, CARL)
        with talk.refused("not_approved"):
            says(talk, DORA, c.WithdrawApproval())
        with talk.refused("approvers_only"):
            says(talk, BELA, c.WithdrawApproval())
        assert talk.run.votes.keys() == {CARL}

    def test_not_after_the_gate(self) -> None:
        talk = journeys.to_approval()
        version = talk.run.prompt_version
        approves(talk, CARL)
        approves(talk, DORA)
        with talk.refused("stale_prompt"):
            talk.carl.does(c.WithdrawApproval(), version)

    def test_is_offered_where_somebody_has_approved(self) -> None:
        talk = journeys.to_approval()
        assert "WithdrawApproval" not in talk.asked.choices
        approves(talk, CARL)
        assert "WithdrawApproval" in talk.asked.choices


class TestRightsThatEnd:
    def test_an_approval_by_somebody_who_may_no_more_does_not_count(self) -> None:
        talk = journeys.to_approval()
        approves(talk, CARL, now=(CARL, DORA, EMIL))
        happened = approves(talk, DORA, now=(DORA, EMIL))
        assert kinds(happened) == ["Approved", "ApprovalVoided"]
        assert talk.run.votes.keys() == {DORA}
        assert kinds(approves(talk, EMIL, now=(DORA, EMIL))) == ["Approved", "GatePassed"]

    def test_nor_when_the_consent_completes_the_gate(self) -> None:
        talk = journeys.to_removal_approval()
        approves(talk, CARL)
        approves(talk, DORA)
        happened = says(talk, ANNA, c.GiveConsent(), now=(DORA, EMIL))
        assert kinds(happened) == ["ConsentGiven", "ApprovalVoided"]
        assert talk.at(State.AWAITING_REMOVAL_APPROVAL)


class TestWhatWasShown:
    @pytest.mark.attack("1", "approving what the message did not show")
    def test_another_digest_is_refused(self, cases: Cases) -> None:
        talk = journeys.to_approval()
        right = talk.run.plan_digest
        for place in range(c.SHOWN_CHARACTERS):
            other = "0" if right[place] != "0" else "1"
            wrong = right[:place] + other + right[place + 1 :]
            for length in (c.SHOWN_CHARACTERS, 64):
                with talk.refused("digest_changed"):
                    says(talk, CARL, c.Approve(shown=wrong[:length]))
                cases.add()
        assert kinds(says(talk, CARL, c.Approve(shown=right))) == ["Approved"]

    @pytest.mark.parametrize("shown", ["", "0" * 11, "0" * 65])
    def test_less_than_that_is_no_approval(self, shown: str) -> None:
        with pytest.raises(ValueError, match="shown"):
            c.Approve(shown=shown)

    def test_the_request_is_part_of_it(self) -> None:
        digests = {
            journeys.to_approval(policy).run.plan_digest
            for policy in (Policy(), Policy(quorum=1), Policy(groups=("HubSpot",)))
        }
        assert len(digests) == 3


@pytest.mark.attack("1", "the requester approves, by every way in")
def test_no_requester_decides_by_any_way_in(cases: Cases) -> None:
    """Asked for it, responsible for it now, or before; as a person, the console, the bot."""
    for journey in (journeys.to_approval, journeys.to_removal_approval):
        for action in (lambda run: c.Approve(shown=shown(run)), lambda run: c.Decline(reason="x")):
            for kind in ("person", "console", "bot"):
                talk = journey()
                if journey is journeys.to_approval:
                    talk.anna.hands_over_to(BELA)
                for who in {ANNA, talk.run.responsible}:
                    sent = c.Command(
                        actor=Actor(kind=kind, id=who),
                        roles=frozenset(Role),
                        version=talk.run.prompt_version,
                        action=action(talk.run),
                    )
                    with pytest.raises(Refused) as refused:
                        talk.execute(sent)
                    assert refused.value.code in {
                        "own_request",
                        "console_cannot_approve",
                        "bot_cannot_approve",
                    }
                    cases.add()
                assert talk.run.votes == {}


class TestNotice:
    def test_once_before_approvals_lapse_to_those_who_have_not_answered(self) -> None:
        talk = journeys.to_approval()
        approves(talk, CARL)
        talk.wait(hours=18)
        (said,) = talk.bot.fires(*talk.bot.due())
        assert isinstance(said, e.ApprovalsLapseSoon)
        assert CARL not in said.wanted
        assert {DORA, EMIL} <= set(said.wanted)
        assert ANNA not in said.wanted
        assert said.lapse_at == talk.now + timedelta(hours=6)
        assert talk.effects[-2].kind == "notice"
        assert talk.asked.due == said.lapse_at
        talk.wait(hours=3)
        assert not talk.bot.due()

    def test_not_when_it_is_too_late_for_it(self) -> None:
        talk = journeys.to_approval()
        talk.wait(hours=25)
        assert kinds(talk.bot.fires(*talk.bot.due())) == ["ApprovalsLapsed", "RunExpired"]

    def test_a_quarter_of_a_short_time_before(self) -> None:
        talk = journeys.to_approval(Policy(approval_ttl=3600))
        notice, lapse = timers(talk.run)
        assert lapse.due - notice.due == timedelta(minutes=15)

    def test_again_for_another_question(self) -> None:
        talk = journeys.to_removal_approval()
        talk.wait(hours=18)
        assert kinds(talk.bot.fires(*talk.bot.due())) == ["ApprovalsLapseSoon"]
        talk.anna.reconsiders()
        talk.anna.keeps_a_copy()
        assert not talk.run.lapse_noticed


class TestFreezes:
    @pytest.mark.parametrize("who", [BELA, CARL, EMIL])
    def test_are_lifted_by_a_second_person(self, who: str) -> None:
        talk = journeys.to_mapping()
        talk.anna.freezes()
        with talk.refused("own_freeze"):
            says(talk, ANNA, c.Unfreeze())
        with talk.refused("not_for_you"):
            says(talk, ZOE, c.Unfreeze())
        assert kinds(says(talk, who, c.Unfreeze())) == ["Unfrozen"]

    def test_survive_a_hand_over(self) -> None:
        talk = journeys.to_mapping()
        talk.anna.freezes()
        talk.bela.hands_over_to(BELA)
        with talk.refused("own_freeze"):
            talk.anna.unfreezes()

    def test_of_the_console_are_lifted_by_anybody_with_a_role(self) -> None:
        talk = journeys.to_mapping()
        talk.console(Role.ADMINISTRATOR).freezes()
        assert kinds(talk.anna.unfreezes()) == ["Unfrozen"]

    @pytest.mark.attack("access", "everything but a freeze, from the command line")
    def test_are_all_that_the_console_can_do(self, cases: Cases) -> None:
        for name, journey in journeys.MOMENTS.items():
            talk = journey()
            if talk.run.state.final:
                continue
            for kind in all_actions():
                if kind in {c.Freeze, c.StartRun}:
                    continue
                sent = c.Command(
                    actor=Actor(kind="console", id="root@host"),
                    roles=frozenset(Role),
                    version=talk.run.prompt_version,
                    action=example(kind, talk.run, talk.now),
                )
                with pytest.raises(Refused):
                    talk.execute(sent)
                cases.add()
            assert talk.run.state.value, name
