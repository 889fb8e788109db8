"""A desk at which the mapping is being chosen, with what the plan found."""

from __future__ import annotations

from typing import Any

from handlers.actions import Act
from handlers.render import prompt_message
from tests.handlers.desk import Desk, words_of
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, TARGET, Story, owners, tell
from tests.handlers.views.looks import EN, fits, shown
from workflows import commands as c
from workflows.prompts import Ask
from workflows.values import OwnedRecords, Owner

HOSTILE = "<!channel> \u202e& =1+1 " + "名" * 200
HUBS = [Owner(id=str(801 + n), name=f"Hub {n}", email=f"h{n}@example.com") for n in range(5)]


class Planned(Story):
    """A story whose plan also names deactivated users and labels."""

    def __init__(self, plan: dict[str, Any], owned: tuple[OwnedRecords, ...]) -> None:
        self._plan = plan
        super().__init__(owned=owned)

    def bot(self, action: c.Action) -> Story:
        if isinstance(action, c.RecordPlan):
            action = c.RecordPlan(plan=action.plan.model_copy(update=self._plan))
        return super().bot(action)


def opened(owned: tuple[OwnedRecords, ...] | None = None, **plan: Any) -> Desk:
    desk = Desk(tell(Ask.MAP_OWNERS, Planned(plan, owners() if owned is None else owned)))
    desk.owners.owners = [TARGET, *HUBS]
    desk.click(ADMIN, Act.OPEN_MAPPING)
    return desk


def message(desk: Desk) -> str:
    return shown(fits(prompt_message(desk.engine.one, EN, None)))


def pages(desk: Desk) -> list[Payload]:
    """Turn the pages of the open modal, from the first to the last."""
    views = [desk.modal]
    while "page_next" in str(next((b for b in views[-1]["blocks"] if _turns(b)), "")):
        views.append(desk.press(ADMIN, Act.PAGE_NEXT, str(len(views))).view)
    return views


def _turns(block: Payload) -> bool:
    return block.get("block_id") == "pages"


def all_pages(desk: Desk) -> str:
    """Return what all pages of the open modal say."""
    return "\n".join(words_of(view["blocks"]) for view in pages(desk))


def mrkdwn_of(value: Any) -> str:
    """Return every text in which Slack would follow a mention."""
    if isinstance(value, dict):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return "\n".join([*own, *(mrkdwn_of(item) for item in value.values())])
    return "\n".join(mrkdwn_of(item) for item in value) if isinstance(value, list) else ""
