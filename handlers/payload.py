"""Reading Slack's payloads: every missing or wrong field becomes one clear refusal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers.actions import Ref
from workflows.errors import SunsetError
from workflows.text import N_

Body = Mapping[str, Any]

VALUE = "value"
"""``action_id`` of every input in a modal: the block's id tells which one it is."""

MOST_TURNS = 1_000_000
"""How far a page or turn is counted; a larger number was not written by this bot."""

_USER = re.compile(r"[UW][A-Z0-9]{1,63}")
_ID = re.compile(r"[!-~]{1,255}")
"""Ids are short and of visible ASCII: they become part of a key in the database."""


class Malformed(SunsetError):
    """A payload that is not what Slack sends; ``reference`` names the field."""


def malformed(field: str) -> Malformed:
    """Build the refusal of a payload whose *field* is missing or wrong."""
    return Malformed(
        "malformed_payload",
        N_("Slack sent something that this bot cannot read."),
        N_("Nothing was changed. Try again; if it happens again, tell the operator."),
        reference=field,
    )


def too_long(most: int) -> Malformed:
    """Build the refusal of a text that is longer than *most* characters."""
    return Malformed(
        "too_long",
        N_("The text is too long: at most {most} characters are kept.", most=most),
        N_("Shorten it, then send it again."),
    )


def find(body: Any, *path: str | int) -> Any:
    """Return what stands at *path*, or None where anything on the way is missing."""
    found = body
    for step in path:
        if isinstance(step, str):
            found = found.get(step) if isinstance(found, Mapping) else None
        else:
            listed = isinstance(found, list) and step < len(found)
            found = found[step] if listed else None
    return found


def text_at(body: Any, *path: str | int) -> str:
    """Return the non-empty string at *path*.

    Raises:
        Malformed: there is none.
    """
    found = find(body, *path)
    if not isinstance(found, str) or not found:
        raise malformed(".".join(str(step) for step in path))
    return found


def is_user_id(value: str) -> bool:
    """Say whether *value* looks like a Slack user id."""
    return _USER.fullmatch(value) is not None


def user_of(body: Body) -> str:
    """Return the Slack user id of the person behind a command, interaction or event.

    Each kind of payload names the person in one place; nobody is looked for in another's.

    Raises:
        Malformed: there is no user id in that place.
    """
    kind = find(body, "type")
    path = ("user_id",) if kind is None else ("user", "id")
    if kind == "event_callback":
        path = ("event", "user")
    found = find(body, *path)
    if not isinstance(found, str) or not is_user_id(found):
        raise malformed(".".join(path))
    return found


def click_key(body: Body) -> str:
    """Return the delivery key of a click (facts/slack.md: user, `action_ts`, `action_id`)."""
    when = _id_at(body, "actions", 0, "action_ts")
    return f"click:{user_of(body)}:{when}:{_id_at(body, 'actions', 0, 'action_id')}"


def view_key(body: Body) -> str:
    """Return the delivery key of a submission (facts/slack.md: `view.id`, `view.hash`).

    It is the person's own: whoever forges another's view id takes nobody's submission away.
    """
    return f"view:{user_of(body)}:{_id_at(body, 'view', 'id')}:{_id_at(body, 'view', 'hash')}"


def command_key(body: Body) -> str:
    """Return the delivery key of a slash command; a trigger belongs to one use of it.

    Whoever has a trigger may open a modal as the bot, for three seconds: it is not stored.
    """
    trigger = hashlib.sha256(_id_at(body, "trigger_id").encode()).hexdigest()
    return f"command:{user_of(body)}:{trigger[:32]}"


def _id_at(body: Body, *path: str | int) -> str:
    """Return the id at *path*; :class:`Malformed` for what Slack writes no id like."""
    found = text_at(body, *path)
    if _ID.fullmatch(found) is None:
        raise malformed(".".join(str(step) for step in path))
    return found


@dataclass(frozen=True)
class Metadata:
    """What a modal carries in ``private_metadata``: identifiers, a page, never state.

    ``turn`` counts the times a picker had to be emptied because its pick was refused: it is part
    of the pickers' block ids, since Slack keeps what was chosen while those stay the same.
    """

    ref: Ref
    page: int = 0
    turn: int = 0

    def __str__(self) -> str:
        return json.dumps({"ref": str(self.ref), "page": self.page, "turn": self.turn})

    def at(self, page: int) -> Metadata:
        """Return the same on another page; pages before the first are the first."""
        return replace(self, page=max(0, page))

    def emptied(self) -> Metadata:
        """Return the same with new pickers, so that a refused pick does not stay in them."""
        return replace(self, turn=self.turn + 1)

    @classmethod
    def of(cls, body: Body) -> Metadata:
        """Read the metadata of the payload's view.

        Raises:
            Malformed: the view carries none that this bot wrote.
        """
        try:
            data = json.loads(text_at(body, "view", "private_metadata"))
        except (ValueError, RecursionError):
            raise malformed("view.private_metadata") from None
        ref, page, turn = (find(data, name) for name in ("ref", "page", "turn"))
        numbers = [
            number for number in (page, turn) if type(number) is int and 0 <= number <= MOST_TURNS
        ]
        if len(numbers) != 2 or not isinstance(ref, str):
            raise malformed("view.private_metadata")
        return cls(_parse(ref, "view.private_metadata"), *numbers)


def ref_of(body: Body) -> Ref:
    """Return what a click or submission refers to: the button's value, or the modal's metadata.

    Raises:
        Malformed: neither holds a reference.
    """
    value = find(body, "actions", 0, "value")
    if isinstance(value, str) and find(body, "view", "type") != "modal":
        return _parse(value, "actions.0.value")
    return Metadata.of(body).ref


def _parse(value: str, field: str) -> Ref:
    try:
        return Ref.parse(value)
    except ValueError:
        raise malformed(field) from None


@dataclass(frozen=True)
class Inputs:
    """What was filled into a modal: one element a block (:data:`VALUE`)."""

    body: Body

    def text(self, block: str, most: int) -> str:
        """Return a typed text, '' where it was left empty.

        Raises:
            Malformed: it is no text, or longer than *most* characters.
        """
        found = self._element(block).get("value")
        if found is not None and not isinstance(found, str):
            raise malformed(f"view.state.values.{block}")
        if len(found or "") > most:
            raise too_long(most)
        return found or ""

    def option(self, block: str) -> str:
        """Return the value of the one option that was chosen; :class:`Malformed` without one."""
        return text_at(self._element(block), "selected_option", "value")

    def options(self, block: str) -> frozenset[str]:
        """Return the values of the ticked options."""
        ticked = self._element(block).get("selected_options") or []
        if not isinstance(ticked, list):
            raise malformed(f"view.state.values.{block}")
        return frozenset(text_at(option, "value") for option in ticked)

    def user(self, block: str) -> str:
        """Return the one Slack user id that was chosen; :class:`Malformed` without one."""
        return _user_id(text_at(self._element(block), "selected_user"))

    def users(self, block: str) -> tuple[str, ...]:
        """Return the Slack user ids that were chosen, in order, each once."""
        chosen = self._element(block).get("selected_users") or []
        if not isinstance(chosen, list):
            raise malformed(f"view.state.values.{block}")
        return tuple(dict.fromkeys(_user_id(user) for user in chosen))

    def _element(self, block: str) -> Mapping[str, Any]:
        found = find(self.body, "view", "state", "values", block, VALUE)
        if not isinstance(found, Mapping):
            raise malformed(f"view.state.values.{block}")
        return found


def _user_id(value: Any) -> str:
    if not isinstance(value, str) or not is_user_id(value):
        raise malformed("selected_user")
    return value
