"""Who decides, through Slack's side: every way in, forged clicks, and freezes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from handlers.actions import Act, Modal, Ref
from handlers.i18n import Translator
from handlers.render import prompt_message
from tests.attacks import Cases
from tests.handlers import payloads
from tests.handlers.desk import Answer, Desk, words_of
from tests.handlers.engine import STRANGER, FakePeople
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, Story, tell, unsecured
from workflows import commands as c
from workflows import events as e
from workflows.prompts import Ask
from workflows.rules import approval
from workflows.values import Policy, Role

GATES = (Ask.APPROVE_PLAN, Ask.APPROVE_REMOVAL)
EVERYBODY = (ADMIN, *APPROVERS, "U0SIX")


@pytest.fixture
def everybody_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings name everybody, as administrator and as approver."""
    monkeypatch.setattr(FakePeople, "administrators", lambda people: [*EVERYBODY, OTHER_ADMIN])
    monkeypatch.setattr(FakePeople, "approvers", lambda people: [*EVERYBODY, OTHER_ADMIN])


def told(answer: Answer) -> str:
    """Return what somebody was told, in whichever place."""
    return "\n".join(words_of(what) + str(what.get("text", "")) for _, what in answer.steps)


def ways_in(desk: Desk, user: str) -> Iterator[tuple[str, Answer]]:
    """Let *user* decide by every way there is: buttons, modals, forged payloads, the command."""
    ref = desk.approval
    yield "button", desk.click(user, Act.APPROVE)
    yield "button in a modal", desk.press(user, Act.APPROVE, str(ref), {"type": "modal", "id": "V"})
    yield "another number", desk.click(user, Act.APPROVE, replace(ref, shown=1))
    body = payloads.message_click(user, payloads.button(Act.APPROVE, str(ref), desk.ts()))
    yield "another one's name", desk.act(body | {"user_id": APPROVERS[0], "view": {}})
    yield "opening the modal", desk.click(user, Act.OPEN_DECLINE)
    metadata = f'{{"ref": "{desk.ref}"}}'
    for modal, values in ((Modal.DECLINE, "reason"), (Modal.WAIVER, "reason")):
        desk.modal = {
            "id": "V9",
            "hash": f"1.{desk.ts()}",
            "type": "modal",
            "callback_id": modal,
            "private_metadata": metadata,
            "blocks": [{"type": "input", "block_id": values}],
        }
        given = {values: {"value": {"type": "plain_text_input", "value": "because"}}}
        yield f"forged {modal}", desk.submit(user, given)
    for word in ("approve", "decline", f"approve {ref}"):
        yield word, desk.slash(user, word)


@pytest.mark.attack("1", "the requester approves, by every way in")
@pytest.mark.parametrize("handed_over", ["", OTHER_ADMIN])
@pytest.mark.parametrize("ask", GATES)
@pytest.mark.usefixtures("everybody_may_do_everything")
def test_whose_own_run_it_is_decides_by_no_way_in(ask: Ask, handed_over: str, cases: Cases) -> None:
    """Though the settings let them do everything: who asked, and who is or was responsible."""
    story = tell(ask)
    if handed_over:
        story.person(c.HandOver(to=handed_over, to_roles=frozenset(Role)))
    for user in filter(None, (ADMIN, handed_over)):
        desk = Desk(story)
        before = desk.engine.one
        for way, answer in ways_in(desk, user):
            assert desk.engine.one.votes == {}, way
            assert desk.engine.one.state is before.state, way
            assert answer.steps, way
            cases.add()


@pytest.mark.attack("access", "deciding without the role, or in another one's name")
@pytest.mark.parametrize("ask", GATES)
def test_nobody_else_decides_by_any_way_in(ask: Ask, cases: Cases) -> None:
    for user in (OTHER_ADMIN, STRANGER):
        desk = Desk(tell(ask))
        before = desk.engine.one
        for way, _ in ways_in(desk, user):
            assert desk.engine.one == before, way
            cases.add()


@pytest.mark.attack("access", "deciding without the role, or in another one's name")
def test_nobody_waives_the_backup_of_their_own_run(cases: Cases) -> None:
    desk = Desk(unsecured())
    for user in (ADMIN, OTHER_ADMIN, STRANGER):
        for way, _ in ways_in(desk, user):
            assert desk.engine.one.waiver is None, way
            cases.add()


@pytest.mark.attack("1", "approving what the message did not show")
@pytest.mark.parametrize("ask", GATES)
def test_a_click_on_something_else_approves_nothing(ask: Ask, cases: Cases) -> None:
    """Whatever a forged value says: another digest, a part of it, none, or no reference at all."""
    desk = Desk(tell(ask))
    right = desk.approval
    digest = right.digest
    turned = "".join("0" if sign != "0" else "1" for sign in digest)
    forged = [
        str(replace(right, digest=turned)),
        str(replace(right, digest=digest[::-1])),
        str(replace(right, digest="0" * 12)),
        str(replace(right, digest="")),
        str(replace(right, version=right.version - 1)),
        str(replace(right, version=right.version + 1)),
        str(replace(right, run_id="run-2")),
        f"{right}0",
        str(right)[:-1],
        str(right).upper(),
        f"{desk.ref}.{approval.digest_in_force(desk.engine.one)}",
        f"{right}\x00",
        f" {right}",
        "",
        "x" * 2_000,
    ]
    for value in forged:
        answer = desk.click(APPROVERS[0], Act.APPROVE, value)
        assert desk.engine.one.votes == {}, value
        assert answer.all("ack"), value
        cases.add()
    desk.click(APPROVERS[0], Act.APPROVE, right)
    assert desk.engine.one.votes.keys() == {APPROVERS[0]}


def test_a_button_of_before_the_last_change_is_refused_though_nothing_new_is_asked() -> None:
    story = tell(Ask.APPROVE_REMOVAL)
    old = Desk(story).approval
    listed = story.package.model_copy(update={"blockers": ()})
    story.bot(c.RecordInventory(inventory=listed, reading=story.reading()))
    desk = Desk(story)
    assert desk.ref == Ref(old.run_id, old.version), "the question is the same"
    assert "not what would be approved now" in desk.click(APPROVERS[0], Act.APPROVE, old).said
    assert desk.engine.one.votes == {}
    desk.click(APPROVERS[0], Act.APPROVE)
    assert desk.engine.one.votes.keys() == {APPROVERS[0]}


@pytest.mark.parametrize("ask", GATES)
def test_an_approval_is_withdrawn_by_its_button(ask: Ask) -> None:
    desk = Desk(tell(ask))
    assert "nothing to withdraw" in desk.click(APPROVERS[0], Act.WITHDRAW).said
    desk.click(APPROVERS[0], Act.APPROVE)
    assert "nothing to withdraw" in desk.click(APPROVERS[1], Act.WITHDRAW).said
    assert "Only approvers" in desk.click(ADMIN, Act.WITHDRAW).said
    desk.click(APPROVERS[0], Act.WITHDRAW)
    assert desk.engine.one.votes == {}
    desk.click(APPROVERS[0], Act.APPROVE)
    assert desk.engine.one.votes.keys() == {APPROVERS[0]}


def test_the_rights_of_earlier_voters_are_read_when_the_last_one_votes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(tell(Ask.APPROVE_PLAN))
    desk.click(APPROVERS[0], Act.APPROVE)
    monkeypatch.setattr(FakePeople, "approvers", lambda people: [APPROVERS[1], "U0SIX"])
    desk.click(APPROVERS[1], Act.APPROVE)
    run = desk.engine.one
    assert run.votes.keys() == {APPROVERS[1]}
    last = desk.engine.histories[run.id][-1].event
    assert last == e.ApprovalVoided(gate="plan", person=APPROVERS[0])
    desk.click("U0SIX", Act.APPROVE)
    assert desk.engine.one.passed == {"plan": tuple(sorted([APPROVERS[1], "U0SIX"]))}


class TestGroups:
    MEMBERS = {"HubSpot": APPROVERS, "Salesforce": (APPROVERS[1],)}

    @pytest.fixture(autouse=True)
    def members(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the settings name two groups."""
        of = self.MEMBERS
        monkeypatch.setattr(FakePeople, "group_members", lambda people: of)
        monkeypatch.setattr(
            FakePeople,
            "groups",
            lambda people, user: frozenset(name for name, who in of.items() if user in who),
        )

    def test_who_is_missing_is_said_where_it_is_asked(self) -> None:
        policy = Policy(quorum=1, groups=("HubSpot", "Salesforce"))
        desk = Desk(tell(Ask.APPROVE_PLAN, Story(policy=policy, members=self.MEMBERS)))
        assert "stand for: HubSpot, Salesforce" in asks(desk)
        desk.click(APPROVERS[0], Act.APPROVE)
        assert "stand for: Salesforce" in asks(desk)
        desk.click(APPROVERS[1], Act.APPROVE)
        assert "plan" in desk.engine.one.passed

    def test_the_last_one_of_a_group_does_not_become_responsible(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        policy = Policy(quorum=1, groups=("Salesforce",))
        approvers = (*APPROVERS, "U0SIX")
        story = Story(policy=policy, approvers=approvers, members=self.MEMBERS)
        desk = Desk(tell(Ask.APPROVE_PLAN, story))
        monkeypatch.setattr(FakePeople, "administrators", lambda people: [ADMIN, *APPROVERS])
        said = desk.slash(ADMIN, f"handover <@{APPROVERS[1]}>").said
        assert "nobody could stand for Salesforce" in said
        desk.slash(ADMIN, f"handover <@{APPROVERS[0]}>")
        assert desk.engine.one.responsible == APPROVERS[0]


def asks(desk: Desk) -> str:
    """Return what the message of the question says."""
    message = prompt_message(desk.engine.one, Translator("en"), None)
    return words_of(message.blocks)


@pytest.mark.attack("access", "lifting one's own freeze")
@pytest.mark.parametrize("second", [OTHER_ADMIN, *APPROVERS])
@pytest.mark.parametrize("way", ["command", "button"])
def test_a_freeze_is_lifted_by_somebody_else_alone(way: str, second: str, cases: Cases) -> None:
    """Not through a hand-over, and not by freezing once more either."""
    desk = Desk(tell(Ask.MAP_OWNERS))

    def lifts(user: str) -> Answer:
        return desk.slash(user, "unfreeze") if way == "command" else desk.click(user, Act.UNFREEZE)

    desk.slash(ADMIN, "freeze something is odd")
    assert "frozen" in desk.slash(OTHER_ADMIN, "freeze too").said, "the first one stands"
    desk.slash(OTHER_ADMIN, f"handover <@{OTHER_ADMIN}>")
    assert "second person" in lifts(ADMIN).said
    assert told(lifts(STRANGER))
    assert desk.engine.one.frozen_by == ADMIN
    lifts(second)
    assert not desk.engine.one.frozen
    cases.add(3)
