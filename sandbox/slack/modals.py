"""Views: the stack of modals that each person has open, and the published App Homes."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.slack import values
from sandbox.slack.blocks import VIEW_BYTES, check_view, prepare
from sandbox.slack.errors import SlackError
from sandbox.slack.tokens import Trigger
from sandbox.slack.workspace import APP, BOT, TEAM, Values
from sandbox.world import World

STACK = 3
Definition = dict[str, Any]


@dataclass(slots=True)
class View:
    """A modal that is open, or a home that is published, for one person."""

    id: str
    user: str
    kind: Literal["modal", "home"]
    definition: Definition
    root_id: str
    previous_id: str | None
    hash: str
    values: Values = field(default_factory=dict)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its blocks, ids filled in."""
        found: list[dict[str, Any]] = self.definition["blocks"]
        return found

    def json(self) -> dict[str, Any]:
        """As Slack shows it in answers and payloads."""
        given = self.definition
        return {
            "id": self.id,
            "team_id": TEAM,
            "type": self.kind,
            "blocks": self.blocks,
            "private_metadata": given.get("private_metadata") or "",
            "callback_id": given.get("callback_id") or "",
            "state": {"values": self.values},
            "hash": self.hash,
            "title": given.get("title"),
            "clear_on_close": bool(given.get("clear_on_close")),
            "notify_on_close": bool(given.get("notify_on_close")),
            "close": given.get("close"),
            "submit": given.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": APP,
            "external_id": given.get("external_id") or "",
            "app_installed_team_id": TEAM,
            "bot_id": BOT,
        }


class Views:
    """All views of the workspace."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        """The modals that *user* has open, topmost last."""
        return list(self._stacks.get(user, []))

    def home(self, user: str) -> View | None:
        """The home that was published for *user*."""
        return self._homes.get(user)

    def of_user(self, user: str, view_id: str) -> View | None:
        """A view that *user* sees, by its id."""
        home = self._homes.get(user)
        shown = [*self._stacks.get(user, []), *([home] if home else [])]
        return next((view for view in shown if view.id == view_id), None)

    def find(self, view_id: str | None, external_id: str | None) -> View:
        """Any view, by either id; `not_found` as a :class:`SlackError`."""
        for view in self._all():
            if view_id and view.id == view_id:
                return view
            if external_id and view.definition.get("external_id") == external_id:
                return view
        raise SlackError("not_found")

    def open(self, trigger: Trigger, definition: Any) -> View:
        """Open a new root modal; what the person had open is replaced."""
        checked = self._check(definition, "modal")
        self._stacks[trigger.user] = []
        return self._push(trigger.user, checked)

    def push(self, user: str, definition: Any) -> View:
        """Put a modal on top of the stack of *user*."""
        checked = self._check(definition, "modal")
        stack = self._stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        return self._push(user, checked)

    def update(self, view: View, definition: Any, expected: str | None) -> View:
        """Give *view* a new definition; typed values stay where the ids are unchanged."""
        checked = self._check(definition, view.kind, view)
        if expected and expected != view.hash:
            raise SlackError("hash_conflict")
        view.definition = checked
        view.values = values.build(checked["blocks"], view.values)
        view.hash = self._hash()
        self._world.changed()
        return view

    def publish(self, user: str, definition: Any, expected: str | None) -> View:
        """Publish the home of *user*."""
        home = self._homes.get(user)
        if home is not None:
            return self.update(home, definition, expected)
        checked = self._check(definition, "home")
        view = self._new(user, "home", checked, None)
        self._homes[user] = view
        self._world.changed()
        return view

    def close(self, user: str, view: View | None = None) -> list[View]:
        """Close *view* and those above it, or all modals of *user*; return them, topmost first."""
        stack = self._stacks.get(user, [])
        keep = stack.index(view) if view in stack and view is not None else 0
        closed = stack[keep:]
        del stack[keep:]
        self._world.changed()
        return closed[::-1]

    def _all(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack] + [*self._homes.values()]

    def _push(self, user: str, definition: Definition) -> View:
        stack = self._stacks.setdefault(user, [])
        view = self._new(user, "modal", definition, stack)
        stack.append(view)
        self._world.changed()
        return view

    def _new(
        self,
        user: str,
        kind: Literal["modal", "home"],
        definition: Definition,
        stack: list[View] | None,
    ) -> View:
        view_id = f"V{secrets.token_hex(5).upper()}"
        return View(
            id=view_id,
            user=user,
            kind=kind,
            definition=definition,
            root_id=stack[0].root_id if stack else view_id,
            previous_id=stack[-1].id if stack else None,
            hash=self._hash(),
            values=values.build(definition["blocks"]),
        )

    def _hash(self) -> str:
        return f"{int(self._world.clock.timestamp())}.{secrets.token_hex(4)}"

    def _check(
        self, definition: Any, kind: Literal["modal", "home"], replaced: View | None = None
    ) -> Definition:
        if len(json.dumps(definition)) > VIEW_BYTES:
            raise SlackError("view_too_large")
        faults = check_view(definition, kind)
        if faults:
            raise SlackError.because("invalid_arguments", faults)
        external_id = definition.get("external_id")
        taken = (view.definition.get("external_id") for view in self._all() if view is not replaced)
        if external_id and external_id in taken:
            raise SlackError("duplicate_external_id")
        return {**definition, "blocks": prepare(definition["blocks"])}
