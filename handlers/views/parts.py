"""Pieces of Block Kit that keep to Slack's limits whatever they are filled with.

Limits and escaping: facts/slack.md. Everything here is pure; text from outside goes through
:func:`outside` (mrkdwn) or :func:`plain` (plain text) before it gets into a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from babel.lists import format_list
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    InteractiveElement,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from handlers.actions import Act, Ref
from handlers.i18n import Translator, escape_outside, flattened
from workflows.values import Actor

MOST_BLOCKS = 50
SECTION, FIELD, HEADER, BUTTON = 3_000, 2_000, 150, 75
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30
FALLBACK = 3_000
"""Characters of a message's `text`; Slack takes 40,000, but it is read aloud and notified."""
BAR = 20
"""Characters of a progress bar."""

_SLACK_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
_ENTITY = 6
"""Characters of the longest entity that escaping makes (`&amp;`), and one more."""


@dataclass(frozen=True)
class Message:
    """What is posted: ``text`` for notifications and screen readers, and validated blocks."""

    text: str
    blocks: list[dict[str, Any]]


def message(text: str, *blocks: Block | None) -> Message:
    """Put a message together; blocks that are None are left out.

    Raises:
        ValueError: for more blocks than Slack takes (a mistake in a view, not in its data).
    """
    shown = [block.to_dict() for block in blocks if block is not None]
    if len(shown) > MOST_BLOCKS:
        raise ValueError(f"{len(shown)} blocks do not fit into a message")
    return Message(clip(text, FALLBACK), shown)


# --- text ----------------------------------------------------------------------------------------


def clip(text: str, most: int) -> str:
    """Shorten mrkdwn to *most* characters, never inside `<…>` or an entity such as `&amp;`."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    opened = cut.rfind("<")
    if opened > cut.rfind(">"):
        cut = cut[:opened]
    entity = cut.rfind("&", len(cut) - _ENTITY + 1 if len(cut) >= _ENTITY else 0)
    if entity > cut.rfind(";"):
        cut = cut[:entity]
    return cut.rstrip() + "…"


def plain(text: str, most: int) -> str:
    """Make text fit for a plain_text place: one line, at most *most* characters, not empty."""
    flat = flattened(text).strip()
    if len(flat) > most:
        flat = flat[: most - 1].rstrip() + "…"
    return flat or "–"


def outside(text: str, most: int = 200) -> str:
    """Escape text from outside for mrkdwn; the result has at most *most* characters."""
    return clip(escape_outside(text), most)


def code(text: str, most: int = 200) -> str:
    """Write a name from an API as code, so that Slack takes no `__` in it for formatting."""
    return f"`{outside(text.replace('`', chr(39)), most) or '–'}`"


def mention(user_id: str) -> str:
    """Write a Slack user as a mention; what is not a user id is only escaped text."""
    return f"<@{user_id}>" if _SLACK_ID.fullmatch(user_id) else outside(user_id)


def people(user_ids: Sequence[str], tr: Translator, most: int = 10) -> str:
    """Mention people, the first *most* of them by name."""
    named = [mention(person) for person in user_ids[:most]]
    left = len(user_ids) - len(named)
    if left:
        named.append(tr.plural("{count} other person", "{count} other people", left))
    return format_list(named, locale=tr.language)


def actor(who: Actor, tr: Translator) -> str:
    """Write who did something: a person, the bot, or the command line."""
    if who.kind == "person":
        return mention(who.id)
    if who.kind == "console":
        return tr("command line ({name})", name=outside(who.id))
    return "Sunset"


def listing(lines: Sequence[str], tr: Translator, most: int = 10) -> list[str]:
    """Make a bulleted list of the first *most* lines, saying how many are not shown."""
    shown = [f"• {line}" for line in lines[:most]]
    left = len(lines) - len(shown)
    if left:
        shown.append(tr.plural("… and {count} more", "… and {count} more", left))
    return shown


def bar(done: int, total: int) -> str:
    """Draw a progress bar; the numbers always stand beside it."""
    filled = BAR if total <= 0 else max(0, min(BAR, done * BAR // total))
    return "▓" * filled + "░" * (BAR - filled)


def percent(done: int, total: int) -> int:
    """Return the whole percentage, 100 only when all is done."""
    return 100 if total <= 0 else max(0, min(100, done * 100 // total))


# --- blocks --------------------------------------------------------------------------------------


def markdown(text: str, most: int = SECTION) -> MarkdownTextObject:
    """Make a text object that is shown as written: Slack adds no links of its own to it."""
    return MarkdownTextObject(text=clip(text, most) or "–", verbatim=True)


def header(text: str) -> HeaderBlock:
    """Make a header; plain text only."""
    return HeaderBlock(text=PlainTextObject(text=plain(text, HEADER), emoji=True))


def section(text: str) -> SectionBlock:
    """Make a section of mrkdwn."""
    return SectionBlock(text=markdown(text))


def fields(*texts: str) -> SectionBlock:
    """Make a section of up to ten short texts side by side."""
    return SectionBlock(fields=[markdown(text, FIELD) for text in texts[:10]])


def context(*texts: str) -> ContextBlock:
    """Make small print of up to ten texts."""
    return ContextBlock(elements=[markdown(text) for text in texts[:10]])


def divider() -> DividerBlock:
    """Make a line across."""
    return DividerBlock()


def sections(lines: Iterable[str]) -> list[SectionBlock]:
    """Pack lines into as few sections as hold them."""
    packed: list[str] = []
    for line in lines:
        short = clip(line, SECTION)
        if packed and len(packed[-1]) + 1 + len(short) <= SECTION:
            packed[-1] += "\n" + short
        else:
            packed.append(short)
    return [section(text) for text in packed]


def sure(title: str, text: str, yes: str, no: str, *, danger: bool = False) -> ConfirmObject:
    """Make a confirm dialog. It lives in the client only: the rules check again."""
    return ConfirmObject(
        title=PlainTextObject(text=plain(title, CONFIRM_TITLE)),
        text=PlainTextObject(text=plain(text, CONFIRM_TEXT)),
        confirm=PlainTextObject(text=plain(yes, CONFIRM_BUTTON)),
        deny=PlainTextObject(text=plain(no, CONFIRM_BUTTON)),
        style="danger" if danger else None,
    )


def button(
    label: str,
    act: Act,
    ref: Ref,
    *,
    style: Literal["primary", "danger"] | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """Make a button; it carries identifiers, never state."""
    return ButtonElement(
        text=PlainTextObject(text=plain(label, BUTTON), emoji=True),
        action_id=act.value,
        value=str(ref),
        style=style,
        confirm=confirm,
    )


def link(label: str, url: str | None) -> ButtonElement | None:
    """Make a button that leads to *url*, or nothing where the address is not known."""
    if url is None:
        return None
    text = PlainTextObject(text=plain(label, BUTTON), emoji=True)
    return ButtonElement(text=text, action_id=Act.LINK.value, url=url)


def actions(*elements: InteractiveElement | None) -> ActionsBlock | None:
    """Put elements in a row, or return None if there are none."""
    shown = [element for element in elements if element is not None]
    return ActionsBlock(elements=shown) if shown else None
