"""The App Home of one person: what waits for them, the active run, the runs before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.views import View

from handlers import replies
from handlers.actions import Act
from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import asks, buttons, words
from handlers.views.messages.frame import held
from handlers.views.messages.progress import of_ask
from handlers.views.messages.progress import progress as progress_blocks
from handlers.views.parts import actions, bar, divider, header, link, mention, outside, section
from handlers.views.parts import sections as packed
from workflows.checklist import Mark, checklist
from workflows.prompts import Ask, Prompt, prompt
from workflows.run import Run
from workflows.values import Role

MOST_RUNS = 5
_DETAILS = {Ask.APPROVE_PLAN: Act.OPEN_PLAN, Ask.APPROVE_REMOVAL: Act.OPEN_INVENTORY}
_OPENS = "open_"
"""Buttons that open a window say there what they do; the others belong below their message."""
_DONE = frozenset({Mark.VERIFIED, Mark.ATTESTED, Mark.SKIPPED, Mark.MISSED})


@dataclass(frozen=True)
class Scene:
    """What every home shows alike: the active run, how far its job is, and the runs before.

    ``links`` lead to the runs' threads; without a link a run was not posted yet.
    """

    run: Run | None = None
    made: Progress | None = None
    before: Sequence[Run] = ()
    links: Mapping[str, str | None] = field(default_factory=dict)
    administrators: Sequence[str] = ()


def home(scene: Scene, user: str, roles: frozenset[Role], tr: Translator) -> View:
    """Make the App Home of *user*; without a role it says what this is and whom to ask."""
    blocks: list[Block | None] = [header(tr("Sunset"))]
    if not roles:
        blocks.append(section(replies.stranger(scene.administrators, tr)))
        return _view(blocks)
    if scene.run is None:
        last = next(iter(scene.before), None)
        blocks.append(section(replies.no_run(tr, last)))
        if Role.ADMINISTRATOR in roles:
            blocks.append(actions(replies.start_button(tr)))
    else:
        blocks += _active(scene, scene.run, user, roles, tr)
    if scene.before:
        blocks += [divider(), *_history(scene, tr)]
    blocks += [divider(), section(replies.help_text(tr))]
    return _view(blocks)


def _view(blocks: list[Block | None]) -> View:
    return View(type="home", blocks=[block for block in blocks if block is not None])


def _active(
    scene: Scene, run: Run, user: str, roles: frozenset[Role], tr: Translator
) -> list[Block | None]:
    asked = prompt(run)
    url = scene.links.get(run.id)
    title, _ = replies.status(run, url, tr)
    steps = checklist(run)
    done = sum(step.mark in _DONE for step in steps)
    counted = tr("{done} of {total} steps", done=done, total=len(steps))
    moving = of_ask(asked.ask, scene.made)
    deadline = asks.deadline(run, asked, tr)
    return [
        *packed(_for_me(run, asked, user, tr)),
        *held(run, tr),
        actions(link(tr("Open the thread"), url), *_next(run, asked, roles, tr)),
        divider(),
        *packed([title, f"➡️ {asks.then(run, asked.ask, tr)}", *([deadline] if deadline else [])]),
        *(progress_blocks(run, tr, moving) if moving else ()),
        *packed([f"`{bar(done, len(steps))}` {counted}"]),
        *packed([words.step_line(step, tr, run.passed) for step in steps]),
    ]


def _for_me(run: Run, asked: Prompt, user: str, tr: Translator) -> list[str]:
    """Say what waits for this person, or for whom the run waits."""
    title = asks.title(run, asked.ask, tr)
    if user in asked.people and not run.frozen:
        if asked.ask in _DETAILS:
            how = tr("Read what is asked, then approve or decline in the thread.")
        else:
            how = tr("Answer with the buttons here or in the thread.")
        return [tr("👉 *This waits for you:* {title}", title=title), how]
    waits = tr("Nothing waits for you now.")
    if run.frozen:
        return [waits]
    if asked.people:
        who = ", ".join(mention(person) for person in asked.people[:5])
        return [waits, tr("*{title}* waits for {who}.", title=title, who=who)]
    return [waits, tr("Sunset is at work: {title}", title=title)]


def _next(run: Run, asked: Prompt, roles: frozenset[Role], tr: Translator) -> list[ButtonElement]:
    """Return the next steps that open a window."""
    made: list[ButtonElement] = []
    if asked.of == "approver" and asked.ask in _DETAILS:
        made.append(buttons.make(_DETAILS[asked.ask], run, tr))
    if Role.ADMINISTRATOR in roles and asked.of == "administrator":
        offered = buttons.of_prompt(run, asked, tr)
        made += [one for one in offered if str(one.action_id).startswith(_OPENS)]
    if run.plan is not None:
        made.append(buttons.make(Act.OPEN_PLAN, run, tr))
    if Role.ADMINISTRATOR in roles:
        made += [buttons.make(act, run, tr) for act in (Act.OPEN_HAND_OVER, Act.OPEN_CANCEL)]
    # Slack takes no two buttons of one id.
    return list({str(one.action_id): one for one in made}.values())


def _history(scene: Scene, tr: Translator) -> list[Block]:
    lines, thread = [tr("*Runs before*")], tr("thread")
    for run in scene.before[:MOST_RUNS]:
        name = f"`{outside(run.id, 64)}`"
        url = scene.links.get(run.id)
        told = tr(
            "{run}: {state}, {when}, requested by {who}",
            run=name,
            state=words.state(run.state, tr),
            when=words.since_when(run, tr),
            who=mention(run.requester),
        )
        lines.append(f"• {told}" + (f" · <{url}|{thread}>" if url else ""))
    more = len(scene.before) - MOST_RUNS
    if more > 0:
        lines.append(
            tr.plural(
                "… and {count} older one: `sunset runs list` shows it.",
                "… and {count} older ones: `sunset runs list` shows them.",
                more,
            )
        )
    return list(packed(lines))
