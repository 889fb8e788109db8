"""The walk's first part: who may, the start, the plan and its approvals (P0)."""

from __future__ import annotations

from sandbox import walk_truth
from sandbox.client import Message, Modal, NotSeen, Person, Place, Values
from sandbox.walk_ids import COMMAND, VALUE, Act, Block, Form
from sandbox.walk_stage import Stage, owners_of, value_of

CONNECT_SECONDS = 60.0
SUB_COMMANDS = ("plan", "status", "cancel", "handover", "freeze", "unfreeze", "audit", "help")


def connect(stage: Stage) -> None:
    """Wait for the bot, and look at HubSpot before anything is touched."""
    stage.page.wait_for(
        lambda: bool(stage.page.state()["bot"]["connected"]),
        "the bot's connection to Slack",
        timeout=CONNECT_SECONDS,
    )
    state = stage.page.hubspot.state()
    kinds = {kind for counts in state["counts"].values() for kind in counts}
    stage.notes.before = walk_truth.read(stage.page, sorted(kinds.union(walk_truth.CORE)))
    stage.notes.salesforce_only = frozenset(
        owner["id"] for owner in owners_of(state) if owner["salesforce_only"]
    )
    stage.say("connected")


def strangers(stage: Stage) -> None:
    """Somebody without a part in it asks, and an administrator reads the help."""
    if stage.bystander is not None:
        answer = stage.ask(stage.bystander)
        stage.say("stranger", stage.plain(answer.text), who=stage.bystander.name)
    answer = stage.ask(stage.admin, "help")
    missing = [word for word in SUB_COMMANDS if f"{COMMAND} {word}" not in answer.said]
    stage.expect(not missing, "help", ", ".join(missing), who=stage.admin.name)


def start(stage: Stage, reason: str) -> None:
    """Start the run: what is not ticked is refused, then everything is confirmed (P0a–c)."""
    known = {card.ts for card in _cards(stage)}
    modal = _start_modal(stage)
    ticks = (Block.SUBSCRIPTION, Block.PERMISSION, Block.ADVICE)
    refusal = modal.submit({Block.REASON: {VALUE: reason}}).errors
    stage.expect(all(tick in refusal for tick in ticks), "empty_start", ", ".join(refusal))
    values: Values = {tick: {VALUE: [tick.value]} for tick in ticks}
    values[Block.REASON] = {VALUE: reason}
    values[Block.NOTE] = {VALUE: "Sunset <!channel> & <https://example.com|rehearsal>"}
    values[Block.APPROVERS] = {VALUE: [person.id for person in stage.approvers]}
    stage.fill(stage.admin, modal, values)
    stage.close_all(stage.admin)

    def card() -> Message | None:
        return next((one for one in _cards(stage) if one.ts not in known), None)

    posted = stage.page.wait_for(card, "the control card", show=(stage.admin, stage.place))
    stage.place = Place(stage.channel, posted.ts)
    stage.run = str(posted.payload.get("key", "")).partition(":")[0]
    channel = stage.names[stage.channel]
    stage.say("started", who=stage.admin.name, run=stage.run, channel=channel)


def _start_modal(stage: Stage) -> Modal:
    """Type the command until the modal is there: a late delivery outlives its trigger."""
    for _ in range(4):
        stage.admin.command(COMMAND, stage.channel)
        try:
            return stage.admin.wait_modal(Form.START, timeout=8)
        except NotSeen:
            stage.aside("again", who=stage.admin.name)
    return stage.admin.wait_modal(Form.START, timeout=0)


def _cards(stage: Stage) -> list[Message]:
    found = stage.page.messages(stage.channel, stage.admin.id)
    return [one for one in found if Act.OPEN_CANCEL in one.actions and not one.ephemeral]


def approve_plan(stage: Stage) -> None:
    """The plan is read and approved; on the way, everybody who may not is refused."""
    act, asked = stage.offered(stage.approvers[0], Act.APPROVE, Act.ACKNOWLEDGE_ADVICE)
    if act is Act.ACKNOWLEDGE_ADVICE:
        stage.click(stage.admin, asked, act)
        stage.say("insists", who=stage.admin.name)
    _, asked = stage.offered(stage.approvers[0], Act.APPROVE)
    reader = stage.approvers[0]
    pages = stage.read_through(reader, Act.OPEN_PLAN, Form.PLAN)
    stage.say("plan", who=reader.name, pages=pages)
    _look_around(stage)
    if stage.bystander is not None:
        said = stage.refused(stage.bystander, asked, Act.APPROVE)
        stage.say("bystander", said, who=stage.bystander.name)
    said = stage.refused(stage.admin, asked, Act.APPROVE)
    stage.say("bystander", said, who=stage.admin.name)
    _freeze(stage, asked)
    answered = _votes(stage)
    stage.offered(stage.admin, Act.OPEN_DISCONNECT)
    stage.say("plan_approved", stage.known(Block.SUBSCRIPTION))
    said = stage.refused(stage.approvers[0], answered[0], Act.APPROVE, answered[1])
    stage.say("stale", said)


def _look_around(stage: Stage) -> None:
    answer = stage.ask(stage.admin, "status")
    stage.expect(stage.run in answer.said, "status", answer.text, who=stage.admin.name)

    def home() -> bool:
        view = stage.admin.home()
        return view is not None and stage.run in str(view["blocks"])

    stage.page.wait_for(home, "the run in the app's home")
    stage.say("home", who=stage.admin.name)


def _freeze(stage: Stage, asked: Message) -> None:
    """Freeze the run while approvals are asked for, and let it go on."""
    value = value_of(asked, Act.APPROVE)
    stage.ask(stage.admin, "freeze rehearsal")
    said = stage.refused(stage.approvers[0], asked, Act.APPROVE, value)
    stage.press(stage.second or stage.admin, Act.UNFREEZE)
    stage.page.wait_for(
        lambda: Act.UNFREEZE not in stage.card().actions, "the run to go on", timeout=60
    )
    stage.say("frozen", said, who=stage.admin.name)


def _votes(stage: Stage) -> tuple[Message, str]:
    """Let approvers approve until the plan is approved; return the question and its value."""
    for number, person in enumerate(stage.approvers):
        act, asked = stage.offered(person, Act.APPROVE, Act.OPEN_DISCONNECT)
        if act is Act.OPEN_DISCONNECT:
            break
        value = value_of(asked, Act.APPROVE)
        stage.click(person, asked, Act.APPROVE)
        stage.say("approved", who=person.name)
        if number == 0 and len(stage.approvers) > 1 and not _decided(stage, person, asked):
            said = stage.refused(person, asked, Act.APPROVE, value)
            stage.say("twice", said, who=person.name)
    return asked, value


def _decided(stage: Stage, person: Person, asked: Message) -> bool:
    """Wait until the approval shows; say whether it was enough."""

    def shown() -> tuple[bool] | None:
        now = next(one for one in person.sees(stage.place) if one.ts == asked.ts)
        return None if now.said == asked.said else (Act.APPROVE not in now.actions,)

    return stage.page.wait_for(shown, "the approval to show in the question", timeout=60)[0]


def hand_over(stage: Stage) -> None:
    """Hand the run to the second administrator by command, and back by the card's button."""
    if stage.second is None:
        return
    stage.offered(stage.admin, Act.OPEN_DISCONNECT)
    stage.ask(stage.admin, f"handover <@{stage.second.id}>")
    _responsible(stage, stage.second)
    modal = stage.open(stage.second, Act.OPEN_HAND_OVER, Form.HAND_OVER)
    stage.fill(stage.second, modal, {Block.TO: {VALUE: stage.admin.id}})
    _responsible(stage, stage.admin)
    stage.say("handed_over", who=stage.admin.name, to=stage.second.name)


def _responsible(stage: Stage, person: Person) -> None:
    """Wait until the question that is open waits for *person*."""

    def waits() -> bool:
        asked = person.find(Act.OPEN_DISCONNECT, stage.place)
        return asked is not None and f"<@{person.id}>" in asked.said

    stage.page.wait_for(waits, f"{person.name} to be responsible", timeout=60)
