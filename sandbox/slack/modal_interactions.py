"""What a person does in modals and on the App Home, and what becomes of it."""

from __future__ import annotations

import time
from typing import Any

from sandbox.scenario import Person
from sandbox.slack import payloads, values
from sandbox.slack.errors import PersonError, SlackError
from sandbox.slack.interactions import Answer, Interactions, answer, dispatches, forged, unsent
from sandbox.slack.modals import View
from sandbox.slack.sockets import Delivery

# The page asks for the home after every change; what the app publishes is one.
HOME_SECONDS = 2.0
TROUBLE = "We had some trouble connecting. Try again?"


class ModalInteractions:
    """The people of one workspace, in front of modals and the App Home."""

    def __init__(self, people: Interactions) -> None:
        self._people = people
        self._slack = people.slack
        self._opened: dict[str, float] = {}

    def stack_json(self, user: str) -> list[dict[str, Any]]:
        """The open modals of *user*, topmost last."""
        return [view.json() for view in self._slack.views.stack(user)]

    def open_home(self, user: Any, *, told: bool = True) -> dict[str, Any] | None:
        """Open the App Home: the app is *told*, the view published so far is returned."""
        person = self._people.person(user)
        home = self._slack.views.home(person.id)
        if told and time.monotonic() - self._opened.get(person.id, -HOME_SECONDS) >= HOME_SECONDS:
            self._opened[person.id] = time.monotonic()
            self._tell_opened(person, home)
        return home.json() if home else None

    def _tell_opened(self, person: Person, home: View | None) -> None:
        inner = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self._slack.workspace.direct(person.id).id,
            "tab": "home",
            "event_ts": self._slack.workspace.new_ts(),
        } | ({"view": home.json()} if home else {})
        event = payloads.event(inner, self._slack.world.clock.timestamp())
        self._slack.sockets.spawn(self._slack.sockets.deliver_event(event))

    async def act(self, user: Any, call: dict[str, Any]) -> Answer:
        """Use an element of a view; an input without `dispatch_action` only keeps the value."""
        person = self._people.person(user)
        view = self._people.view(person.id, call["container"].get("view_id"))
        if call.get("force"):
            return await self._send_actions(
                person, view, forged(call, self._slack.workspace.new_ts())
            )
        block, element = values.find_element(
            view.blocks, str(call.get("action_id")), call.get("block_id")
        )
        reader = self._people.reader(person.id, view.id)
        action = self._people.action(block, element, call.get("value"), reader, view.values)
        self._slack.world.changed()
        if not dispatches(block, element):
            return unsent(views=self.stack_json(person.id))
        return await self._send_actions(person, view, action)

    async def _send_actions(self, person: Person, view: View, action: dict[str, Any]) -> Answer:
        payload = payloads.in_view(
            "block_actions",
            person,
            view,
            trigger_id=self._slack.triggers.issue(person.id, view.id),
            actions=[action],
        )
        delivery = await self._slack.sockets.deliver("interactive", payload, False)
        return answer(delivery, views=self.stack_json(person.id))

    async def submit(self, user: Any, view_id: str, given: Any) -> Answer:
        """Fill in and submit the topmost modal."""
        person = self._people.person(user)
        view = self._people.view(person.id, view_id)
        if view.kind != "modal" or not view.definition.get("submit"):
            raise PersonError("no_submit", "This view has nothing to submit.")
        self._fill(person, view, given or {})
        errors = values.client_errors(view.blocks, view.values)
        if errors:
            more = {"response_action": "errors", "errors": errors}
            return unsent(**more, views=self.stack_json(person.id))
        payload = payloads.in_view(
            "view_submission",
            person,
            view,
            trigger_id=self._slack.triggers.issue(person.id, view.id),
        )
        delivery = await self._slack.sockets.deliver("interactive", payload, True)
        if not delivery.acknowledged:
            result: Answer = {"response_action": None, "errors": {}, "message": TROUBLE}
        else:
            result = self._apply(person, view, delivery)
        return answer(delivery, **result, views=self.stack_json(person.id))

    def _fill(self, person: Person, view: View, given: Any) -> None:
        if not isinstance(given, dict):
            raise PersonError("invalid_request", "`values` is {block_id: {action_id: value}}.")
        reader = self._people.reader(person.id, view.id)
        read: list[tuple[str, str, dict[str, Any]]] = []
        for block_id, entries in given.items():
            if not isinstance(entries, dict):
                raise PersonError("invalid_request", "`values` is {block_id: {action_id: value}}.")
            for action_id, value in entries.items():
                _, element = values.find_element(view.blocks, action_id, block_id)
                if not values.has_state(element):
                    raise PersonError("use_act", f"{action_id!r} is clicked: use /sandbox/act.")
                read.append((block_id, action_id, reader.read(element, value)))
        for block_id, action_id, state in read:
            view.values[block_id][action_id] = state

    def _apply(self, person: Person, view: View, delivery: Delivery) -> Answer:
        """Carry out the app's answer to a submission."""
        reply = delivery.response if isinstance(delivery.response, dict) else {}
        action = reply.get("response_action")
        done: Answer = {"response_action": action, "errors": {}}
        try:
            if action == "errors":
                return done | {"errors": _checked_errors(view, reply.get("errors"))}
            self._change_stack(person, view, action, reply.get("view"))
        except SlackError as error:
            faults = error.extra.get("response_metadata", {}).get("messages", [error.code])
            refused = {"error": "invalid_view_response", "faults": faults, "message": TROUBLE}
            return done | refused
        return done

    def _change_stack(self, person: Person, view: View, action: Any, definition: Any) -> None:
        views = self._slack.views
        if views.of_user(person.id, view.id) is None:
            return  # The app replaced it before it answered.
        if action == "update":
            views.update(view, definition, None)
        elif action == "push":
            views.push(person.id, definition)
        elif action == "clear":
            others = [other for other in views.close(person.id) if other is not view]
            self._slack.sockets.spawn(self._tell_closed(person, others, True))
        elif action is None:
            whole = view.definition.get("clear_on_close")
            views.close(person.id, None if whole else view)
        else:
            raise SlackError("invalid_response_action")

    async def close(self, user: Any, view_id: str, everything: bool) -> Answer:
        """Close the topmost modal, or with *everything* the whole stack."""
        person = self._people.person(user)
        view = self._people.view(person.id, view_id)
        if view.kind != "modal":
            raise PersonError("view_not_found", "A home cannot be closed.", 404)
        whole = everything or bool(view.definition.get("clear_on_close"))
        closed = self._slack.views.close(person.id, None if whole else view)
        told = [one for one in closed if one.definition.get("notify_on_close")]
        deliveries = [await self._tell_one(person, one, whole) for one in told]
        views = self.stack_json(person.id)
        return answer(deliveries[-1], views=views) if deliveries else unsent(views=views)

    async def _tell_closed(self, person: Person, closed: list[View], cleared: bool) -> None:
        for view in closed:
            if view.definition.get("notify_on_close"):
                await self._tell_one(person, view, cleared)

    async def _tell_one(self, person: Person, view: View, cleared: bool) -> Delivery:
        payload = payloads.in_view("view_closed", person, view, is_cleared=cleared)
        return await self._slack.sockets.deliver("interactive", payload, False)


def _checked_errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise SlackError("invalid_errors")
    unknown = [block_id for block_id in errors if block_id not in inputs]
    if unknown:
        raise SlackError.because(
            "invalid_errors", [f"[ERROR] no input block with the id {unknown[0]}"]
        )
    return {str(block_id): str(text) for block_id, text in errors.items()}
