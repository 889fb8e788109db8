"""Both gates against a second, simpler idea of them: votes in any order, while rights change.

The other idea knows nothing of events or matchings: it keeps who said yes, and tries every way of
giving each group a person of its own.
"""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks import Cases
from tests.workflows import journeys
from tests.workflows.driver import Conversation
from tests.workflows.people import ANNA, APPROVERS, CARL, DORA, EMIL
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.rules.approval import missing_groups, shown
from workflows.states import State
from workflows.values import Actor, Policy, Role

NAMES = ("HubSpot", "Salesforce", "Legal")
members = st.fixed_dictionaries(
    {
        name: st.sets(st.sampled_from(APPROVERS)).map(lambda people: tuple(sorted(people)))
        for name in NAMES
    }
)
policies = st.builds(
    Policy,
    quorum=st.integers(1, 3),
    removal_quorum=st.none() | st.integers(1, 3),
    groups=st.lists(st.sampled_from(NAMES), unique=True, max_size=3).map(tuple),
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["approves", "approves", "approves", "withdraws", "consents", "rights"]),
        st.sampled_from(APPROVERS),
        st.sampled_from(NAMES),
    ),
    max_size=14,
)


class OtherIdea:
    """Who has said yes at one gate, and whether that is enough."""

    def __init__(self, policy: Policy, gate: str, groups: dict[str, tuple[str, ...]]) -> None:
        removal = gate == "removal"
        self.quorum = (removal and policy.removal_quorum) or policy.quorum
        self.required = policy.groups
        self.groups = {name: set(people) for name, people in groups.items()}
        self.approvers = set(APPROVERS)
        self.said_yes: dict[str, set[str]] = {}
        self.agreed = not removal

    def groups_of(self, who: str) -> set[str]:
        return {name for name, people in self.groups.items() if who in people & self.approvers}

    def stands(self, who: str, stood_for: set[str]) -> bool:
        return who in self.approvers and stood_for <= self.groups_of(who)

    def forget(self) -> None:
        self.said_yes = {who: at for who, at in self.said_yes.items() if self.stands(who, at)}

    def enough(self) -> bool:
        if not self.agreed or len(self.said_yes) < self.quorum:
            return False
        return any(
            all(name in self.said_yes[who] for name, who in zip(self.required, some, strict=True))
            for some in permutations(self.said_yes, len(self.required))
        )


def sent(talk: Conversation, idea: OtherIdea, who: str, action: c.Action) -> c.Command:
    roles = {Role.APPROVER} if who in idea.approvers else set()
    if isinstance(action, c.GiveConsent):
        roles = {Role.ADMINISTRATOR}
    now = {name: tuple(people & idea.approvers) for name, people in idea.groups.items()}
    return c.Command(
        actor=Actor(kind="person", id=who),
        roles=frozenset(roles),
        groups=frozenset(idea.groups_of(who)),
        approvers_now=frozenset(idea.approvers),
        members_now=now,
        version=talk.run.prompt_version,
        action=action,
    )


def step(talk: Conversation, idea: OtherIdea, what: str, who: str, name: str) -> bool:
    """Do one thing in both; return whether the gate is passed by now, and they agree that it is."""
    if what == "rights":
        # An even choice between the two kinds of right, without another draw.
        held = idea.approvers if name == NAMES[0] else idea.groups[name]
        held.symmetric_difference_update({who})
        return False
    action: c.Action = c.Approve(shown=shown(talk.run))
    may = who in idea.approvers and who != ANNA and who not in idea.said_yes
    if what == "withdraws":
        action, may = c.WithdrawApproval(), who in idea.approvers and who in idea.said_yes
    elif what == "consents":
        action, who, may = c.GiveConsent(), ANNA, not idea.agreed
    try:
        happened = talk.execute(sent(talk, idea, who, action))
    except Refused:
        assert not may, f"{who} could not: {what}"
        return False
    assert may, f"{who} could: {what}"
    if what == "approves":
        idea.said_yes[who] = idea.groups_of(who) & set(idea.required)
    elif what == "withdraws":
        del idea.said_yes[who]
        assert not any(isinstance(event, e.GatePassed) for event in happened)
        return False
    else:
        idea.agreed = True
    idea.forget()
    passed = any(isinstance(event, e.GatePassed) for event in happened)
    assert passed == idea.enough()
    if not passed:
        assert talk.run.votes.keys() == idea.said_yes.keys()
        assert missing_groups(talk.run) or len(idea.said_yes) < idea.quorum or not idea.agreed
    return passed


@pytest.mark.attack(
    "1", "votes, withdrawals and changing rights in any order, against a second idea"
)
@pytest.mark.parametrize("gate", ["plan", "removal"])
def test_a_gate_passes_just_when_it_should(gate: str, cases: Cases) -> None:
    journey = journeys.to_approval if gate == "plan" else journeys.to_removal_approval
    base = journey()

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(policy=policies, groups=members, doing=steps)
    def check(
        policy: Policy, groups: dict[str, tuple[str, ...]], doing: list[tuple[str, str, str]]
    ) -> None:
        talk, idea = Conversation(), OtherIdea(policy, gate, groups)
        talk.resume(base.history)
        talk.now = base.now
        talk._run = talk.run.model_copy(update={"policy": policy})
        for what, who, name in doing:
            cases.add()
            if step(talk, idea, what, who, name):
                assert talk.state is not base.state
                return
        assert talk.state in {State.AWAITING_APPROVAL, State.AWAITING_REMOVAL_APPROVAL}

    check()


def test_the_samples_are_those_of_the_other_tests() -> None:
    assert {ANNA, CARL, DORA, EMIL} == set(APPROVERS)
