"""What all modals are made of: the view around them, inputs, notices and pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from slack_sdk.models.blocks import (
    ActionsBlock,
    AlertBlock,
    Block,
    ButtonElement,
    CheckboxesElement,
    ContextBlock,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticSelectElement,
    UserMultiSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

from handlers.actions import Act, Modal
from handlers.i18n import Translator
from handlers.payload import VALUE, Metadata
from handlers.views.parts import context, markdown, plain, sections

MOST_BLOCKS = 100
TITLE, LABEL, OPTION, HINT = 24, 2_000, 75, 150
"""Slack's limits in characters (facts/slack.md, Block Kit limits)."""

Choice = tuple[str, str] | tuple[str, str, str]
"""An option: its value, its text, and a description where one is needed."""


def form(
    tr: Translator,
    modal: Modal,
    title: str,
    blocks: Sequence[Block | None],
    *,
    submit: str,
    close: str = "",
    metadata: Metadata | None = None,
    notice: str = "",
) -> View:
    """Make a modal with inputs; *notice* says above them why they were not taken."""
    shown = [alert(notice) if notice else None, *blocks]
    return _view(modal, title, shown, close=close or tr("Cancel"), metadata=metadata, submit=submit)


def sheet(
    tr: Translator,
    modal: Modal | None,
    title: str,
    blocks: Sequence[Block | None],
    *,
    metadata: Metadata | None = None,
) -> View:
    """Make a modal that is only read, or that acts by its own buttons."""
    return _view(modal, title, blocks, close=tr("Close"), metadata=metadata, submit=None)


def message(tr: Translator, title: str, text: str, *, error: bool = False) -> View:
    """Make a modal that says one thing."""
    return sheet(tr, None, title, [alert(text, "error" if error else "info")])


def _view(
    modal: Modal | None,
    title: str,
    blocks: Sequence[Block | None],
    *,
    close: str,
    metadata: Metadata | None,
    submit: str | None,
) -> View:
    shown = [block for block in blocks if block is not None]
    if len(shown) > MOST_BLOCKS:
        raise ValueError(f"{len(shown)} blocks do not fit into a modal")
    return View(
        type="modal",
        callback_id=modal.value if modal else None,
        title=_plain(title, TITLE),
        submit=None if submit is None else _plain(submit, TITLE),
        close=_plain(close, TITLE),
        private_metadata="" if metadata is None else str(metadata),
        blocks=shown,
    )


def alert(text: str, level: Literal["error", "warning", "info"] = "error") -> AlertBlock:
    """Make a notice that stands out; modals only (facts/slack.md)."""
    return AlertBlock(text=markdown(text), level=level)


def _plain(text: str, most: int) -> PlainTextObject:
    return PlainTextObject(text=plain(text, most))


# --- inputs --------------------------------------------------------------------------------------


def _input(
    block: str, label: str, element: InputInteractiveElement, hint: str, optional: bool
) -> InputBlock:
    return InputBlock(
        block_id=block,
        label=_plain(label, LABEL),
        element=element,
        hint=_plain(hint, LABEL) if hint else None,
        optional=optional,
    )


def text_input(
    block: str,
    label: str,
    most: int,
    *,
    hint: str = "",
    placeholder: str = "",
    multiline: bool = False,
    optional: bool = False,
) -> InputBlock:
    """Ask for a text of at most *most* characters."""
    element = PlainTextInputElement(
        action_id=VALUE,
        multiline=multiline,
        max_length=most,
        placeholder=_plain(placeholder, HINT) if placeholder else None,
    )
    return _input(block, label, element, hint, optional)


def ticks(
    block: str, label: str, choices: Sequence[Choice], *, hint: str = "", optional: bool = False
) -> InputBlock:
    """Ask for ticks."""
    element = CheckboxesElement(action_id=VALUE, options=[option(*choice) for choice in choices])
    return _input(block, label, element, hint, optional)


def radio(block: str, label: str, choices: Sequence[Choice], *, hint: str = "") -> InputBlock:
    """Ask for one of a few choices; none is chosen beforehand."""
    element = RadioButtonsElement(action_id=VALUE, options=[option(*choice) for choice in choices])
    return _input(block, label, element, hint, optional=False)


def select(
    tr: Translator, block: str, label: str, choices: Sequence[Choice], *, hint: str = ""
) -> InputBlock:
    """Ask for one of several choices."""
    element = StaticSelectElement(
        action_id=VALUE,
        placeholder=_plain(tr("Choose"), HINT),
        options=[option(*choice) for choice in choices],
    )
    return _input(block, label, element, hint, optional=False)


def user(tr: Translator, block: str, label: str, *, hint: str = "") -> InputBlock:
    """Ask for one person of the workspace."""
    element = UserSelectElement(action_id=VALUE, placeholder=_plain(tr("Choose a person"), HINT))
    return _input(block, label, element, hint, optional=False)


def users(tr: Translator, block: str, label: str, *, hint: str = "") -> InputBlock:
    """Ask for any number of people of the workspace, none included."""
    element = UserMultiSelectElement(action_id=VALUE, placeholder=_plain(tr("Choose people"), HINT))
    return _input(block, label, element, hint, optional=True)


def option(value: str, text: str, description: str = "") -> Option:
    """Make an option within Slack's 75 characters."""
    return Option(
        value=value,
        text=_plain(text, OPTION),
        description=_plain(description, OPTION) if description else None,
    )


# --- pages ---------------------------------------------------------------------------------------


def page_count(items: int, size: int) -> int:
    """Return the number of pages for *items*; an empty list has one page."""
    return max(1, -(-items // size))


def page_bar(tr: Translator, page: int, of: int) -> tuple[ContextBlock | None, ActionsBlock | None]:
    """Make the line that says which page this is, and the buttons to turn it; none for one page.

    The buttons' values are page numbers, so that a click delivered twice turns one page.
    """
    if of == 1:
        return None, None
    said = tr("Page {page} of {pages}", page=tr.number(page + 1), pages=tr.number(of))
    turns = []
    if page > 0:
        turns.append(page_button(tr("Back"), Act.PAGE_BACK, page - 1))
    if page + 1 < of:
        turns.append(page_button(tr("Next"), Act.PAGE_NEXT, page + 1))
    return context(said), ActionsBlock(block_id="pages", elements=turns)


def page_button(label: str, act: Act, page: int) -> ButtonElement:
    """Make a button that leads to *page*, counted from 0."""
    return ButtonElement(text=_plain(label, OPTION), action_id=act.value, value=str(page))


def paged_lines(
    tr: Translator,
    modal: Modal,
    title: str,
    lines: Sequence[str],
    *,
    metadata: Metadata,
    size: int,
) -> View:
    """Make a modal that shows *lines* of mrkdwn, *size* a page, however many there are."""
    of = page_count(len(lines), size)
    page = min(metadata.page, of - 1)
    said, turns = page_bar(tr, page, of)
    shown = sections(lines[page * size : (page + 1) * size])
    return sheet(tr, modal, title, [*shown, said, turns], metadata=metadata.at(page))
