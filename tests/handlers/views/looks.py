"""What tests of views look for in a message."""

from __future__ import annotations

from typing import Any

from handlers.actions import Act, Ref
from handlers.i18n import Translator
from handlers.render import Message
from sandbox.slack.blocks import check_blocks

HOSTILE = "<!channel> & <@U0EVIL> *x* <https://evil.example|ok>"
ESCAPED = "&lt;!channel&gt; &amp; &lt;@U0EVIL&gt;"


class Wordy(Translator):
    """Says everything a good deal longer than English does, as other languages may."""

    def __init__(self) -> None:
        super().__init__("en")

    def __call__(self, msgid: str, /, **args: object) -> str:
        said = super().__call__(msgid, **args)
        return f"{said} {'ł' * (len(msgid) // 2)}"

    def plural(self, one: str, many: str, count: int, /, **args: object) -> str:
        said = super().plural(one, many, count, **args)
        return f"{said} {'ł' * (len(many) // 2)}"


EN, PL, WORDY = Translator("en"), Translator("pl"), Wordy()


def fits(message: Message) -> Message:
    """Check a message against Slack's limits, and return it."""
    assert 0 < len(message.text) <= 4_000
    assert check_blocks(message.blocks, "message") == []
    assert len(str(message.blocks)) < 40_000
    return message


def buttons(message: Message) -> list[dict[str, Any]]:
    """Return all buttons of a message."""
    return [
        element
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def acts(message: Message) -> set[Act]:
    """Return what the buttons of a message do, links apart; several may do the same to others."""
    return {Act(item["action_id"].partition(":")[0]) for item in buttons(message)} - {Act.LINK}


def urls(message: Message) -> list[str]:
    """Return where the links of a message lead."""
    return [item["url"] for item in buttons(message) if "url" in item]


def refs(message: Message) -> set[Ref]:
    """Return what the buttons refer to."""
    return {Ref.parse(item["value"]) for item in buttons(message) if "value" in item}


def shown(message: Message) -> str:
    """Return all that is written in a message."""
    return "\n".join(_texts(message.blocks))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = [value["text"]] if isinstance(value.get("text"), str) else []
        return here + [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []
