"""The App Home: the active run, what waits for the person, or what this is and who to ask."""

from __future__ import annotations

from collections.abc import Sequence

from slack_bolt import App
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from handlers import payload, replies
from handlers.actions import Act
from handlers.delivery import Delivery
from handlers.i18n import Translator
from handlers.ports import Services
from handlers.views import buttons, words
from handlers.views.parts import actions, divider, header, section, sections
from handlers.wiring import listening
from workflows.checklist import checklist
from workflows.prompts import prompt
from workflows.run import Run
from workflows.values import Role


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    app.event("app_home_opened")(listening(services, opened))


def opened(delivery: Delivery) -> None:
    """Publish the home of whoever opened it; the messages tab needs nothing."""
    if payload.find(delivery.body, "event", "tab") not in ("home", None):
        return
    services = delivery.services
    run = services.engine.active_run() if delivery.roles else None
    url = services.engine.message_link(run.id) if run else None
    last = next(iter(services.engine.runs()), None) if delivery.roles else None
    view = home(
        delivery.tr,
        user=delivery.user,
        roles=delivery.roles,
        run=run,
        last=last,
        url=url,
        administrators=services.people.administrators(),
    )
    delivery.client.views_publish(user_id=delivery.user, view=view)


def home(
    tr: Translator,
    *,
    user: str,
    roles: frozenset[Role],
    run: Run | None,
    last: Run | None,
    url: str | None,
    administrators: Sequence[str],
) -> View:
    """Make the App Home of one person."""
    blocks: list[Block | None] = [header(tr("Sunset"))]
    if not roles:
        blocks.append(section(replies.stranger(administrators, tr)))
    elif run is None:
        blocks.append(section(replies.no_run(tr, last)))
        if Role.ADMINISTRATOR in roles:
            blocks.append(actions(replies.start_button(tr)))
    else:
        blocks += _active(run, user, url, tr)
    blocks += [divider(), section(replies.help_text(tr))]
    return View(type="home", blocks=[block for block in blocks if block is not None])


def _active(run: Run, user: str, url: str | None, tr: Translator) -> list[Block | None]:
    waits = tr("Nothing waits for you now.")
    if user in prompt(run).people:
        waits = tr("👉 *This waits for you.* Answer in the thread.")
    _, summary = replies.status(run, url, tr)
    steps = [words.step_line(step, tr) for step in checklist(run)]
    more = [buttons.make(Act.OPEN_PLAN, run, tr)] if run.plan else []
    return [section(waits), *summary, divider(), *sections(steps), actions(*more)]
