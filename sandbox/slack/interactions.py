"""What a person does in messages and with commands, and what becomes of it.

Every method is one call of the JSON API; a mistake in it is a :class:`PersonError`. Modals are in
`modal_interactions`.
"""

from __future__ import annotations

from typing import Any

from sandbox.scenario import Person
from sandbox.slack import payloads, values
from sandbox.slack.blocks import check_reply
from sandbox.slack.elements import options_of, suggestions
from sandbox.slack.errors import PersonError
from sandbox.slack.messages import Content
from sandbox.slack.modals import View
from sandbox.slack.service import Slack
from sandbox.slack.sockets import Delivery
from sandbox.slack.workspace import SLACKBOT, Channel, Message, Values

Answer = dict[str, Any]
Options = dict[str, dict[str, Any]]
DEFAULT_QUERY_LENGTH = 3


def answer(delivery: Delivery, **more: Any) -> Answer:
    """The JSON API's answer after a delivery."""
    found: Answer = {
        "ok": True,
        "sent": True,
        "acknowledged": delivery.acknowledged,
        "milliseconds": delivery.milliseconds,
        "response": delivery.response,
    }
    if delivery.error:
        found |= {"error": delivery.error, "message": f"The app failed: {delivery.error}."}
    return found | more


def unsent(**more: Any) -> Answer:
    """The answer when Slack's client keeps the interaction to itself."""
    nothing = {"sent": False, "acknowledged": False, "milliseconds": None, "response": None}
    return {"ok": True} | nothing | more


class Interactions:
    """The people of one workspace, at their keyboards."""

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self._workspace = slack.workspace
        self._messages = slack.messages
        self._suggested: dict[tuple[str, str, str], Options] = {}

    # Finding

    def person(self, user: Any) -> Person:
        """The person with this id."""
        person = self._workspace.people.get(str(user))
        if person is None:
            raise PersonError("user_not_found", f"There is no person {user!r}.", 404)
        return person

    def channel(self, channel_id: Any, user: str | None = None) -> Channel:
        """A channel, which *user* (if given) may see."""
        channel = self._workspace.find(str(channel_id))
        if channel is None or (user is not None and user not in channel.members):
            raise PersonError("channel_not_found", f"There is no channel {channel_id!r}.", 404)
        return channel

    def message(self, channel: Channel, ts: Any, user: str) -> Message:
        """A message that *user* sees."""
        message = channel.messages.get(str(ts))
        if message is None or not message.visible_to(user):
            raise PersonError("message_not_found", f"There is no message {ts!r} here.", 404)
        return message

    def view(self, user: str, view_id: Any) -> View:
        """The home or the topmost modal of *user*."""
        view = self.slack.views.of_user(user, str(view_id))
        if view is None:
            raise PersonError("view_not_found", f"{user} sees no view {view_id!r}.", 404)
        if view.kind == "modal" and self.slack.views.stack(user)[-1] is not view:
            raise PersonError("view_not_on_top", f"Another modal covers {view_id!r}.", 409)
        return view

    def reader(self, user: str, place: str) -> values.Reader:
        """Reads values that *user* gives in *place*."""

        def external(element: dict[str, Any], value: str) -> dict[str, Any] | None:
            return self._suggested.get((user, place, element["action_id"]), {}).get(value)

        channels = [c.id for c in self._workspace.channels.values() if user in c.members]
        return values.Reader(self._workspace.people, channels, self._workspace.files, external)

    # Commands and messages

    async def command(self, user: Any, channel_id: Any, text: Any) -> Answer:
        """A slash command, as typed."""
        person = self.person(user)
        channel = self.channel(channel_id, person.id)
        word, _, rest = str(text).strip().partition(" ")
        if word not in self.slack.commands:
            known = ", ".join(sorted(self.slack.commands))
            raise PersonError("unknown_command", f"{word} is not a valid command; known: {known}.")
        token = self.slack.response_urls.issue(person.id, channel.id)
        payload = payloads.slash_command(
            person,
            channel,
            word,
            rest.strip(),
            trigger_id=self.slack.triggers.issue(person.id),
            response_url=f"{self.slack.origin}/response/{token}",
        )
        delivery = await self.slack.sockets.deliver("slash_commands", payload, True)
        return self._after_command(delivery, person, channel, str(text).strip(), word)

    def _after_command(
        self, delivery: Delivery, person: Person, channel: Channel, typed: str, word: str
    ) -> Answer:
        reply = delivery.response
        faults: list[str] = []
        if isinstance(reply, dict) and (reply.get("text") or reply.get("blocks")):
            faults = check_reply(reply)
            if not faults and reply.get("response_type") == "in_channel":
                self.write(person.id, channel.id, typed)
            if not faults:
                self._reply(channel, reply, person.id)
        if not faults:
            return answer(delivery)
        error = "invalid_command_response"
        self.slackbot(channel, person.id, f'{word} failed with the error "{error}"')
        return answer(delivery, error=error, faults=faults)

    def _reply(self, channel: Channel, reply: dict[str, Any], user: str) -> None:
        private = reply.get("response_type", "ephemeral") == "ephemeral"
        content = Content(reply.get("text") or "", reply.get("blocks"), reply.get("metadata"))
        self._messages.post(channel, content, only_for=user if private else None)

    def slackbot(self, channel: Channel, user: str, text: str) -> None:
        """What Slack itself tells a person, unseen by others."""
        message = Message(self._workspace.new_ts(), channel.id, SLACKBOT, text, ephemeral_for=user)
        self._workspace.post(message)

    def write(self, user: Any, channel_id: Any, text: Any, thread_ts: Any = None) -> Message:
        """A person writes a message."""
        person = self.person(user)
        channel = self.channel(channel_id, person.id)
        if not isinstance(text, str) or not text.strip():
            raise PersonError("no_text", "A message needs a text.")
        root = None if thread_ts is None else self.message(channel, thread_ts, person.id)
        thread = None if root is None else (root.thread_ts or root.ts)
        message = Message(self._workspace.new_ts(), channel.id, person.id, text, thread_ts=thread)
        return self._workspace.post(message)

    # Blocks in messages

    async def act_in_message(self, user: Any, call: dict[str, Any]) -> Answer:
        """Use an element of a message; with `force` send a forged or stale action."""
        person = self.person(user)
        container = call["container"]
        channel = self.channel(container.get("channel"), person.id)
        if call.get("force"):
            return await self._force_in_message(person, channel, call)
        message = self.message(channel, container.get("ts"), person.id)
        block, element = values.find_element(
            message.blocks, str(call.get("action_id")), call.get("block_id")
        )
        state = message.state.setdefault(person.id, values.build(message.blocks or []))
        reader = self.reader(person.id, message.ts)
        action = self.action(block, element, call.get("value"), reader, state)
        self.slack.world.changed()
        if not dispatches(block, element):
            return unsent()
        return await self._send_actions(person, channel, message, action, state)

    async def _force_in_message(
        self, person: Person, channel: Channel, call: dict[str, Any]
    ) -> Answer:
        action = forged(call, self._workspace.new_ts())
        ts = str(call["container"].get("ts"))
        message = channel.messages.get(ts)
        return await self._send_actions(person, channel, message or ts, action, {})

    async def _send_actions(
        self,
        person: Person,
        channel: Channel,
        clicked: Message | str,
        action: dict[str, Any],
        state: Values,
    ) -> Answer:
        """Send `block_actions`; of a message that is gone only its `ts` is known."""
        message = clicked if isinstance(clicked, Message) else None
        ts = clicked.ts if isinstance(clicked, Message) else clicked
        ephemeral = message is not None and message.ephemeral_for is not None
        thread = message.thread_ts if message is not None else None
        shown = None
        if message is not None and not ephemeral:
            shown = self._messages.slack_json(message, with_metadata=True)
        token = self.slack.response_urls.issue(person.id, channel.id, ts)
        payload = payloads.in_message(
            "block_actions",
            person,
            channel,
            payloads.message_container(ts, channel, ephemeral, thread),
            shown,
            trigger_id=self.slack.triggers.issue(person.id),
            state={"values": state},
            response_url=f"{self.slack.origin}/response/{token}",
            actions=[action],
        )
        return answer(await self.slack.sockets.deliver("interactive", payload, False))

    def action(
        self,
        block: dict[str, Any],
        element: dict[str, Any],
        value: Any,
        reader: values.Reader,
        state: Values,
    ) -> dict[str, Any]:
        """The entry of `actions` for using *element*; a new value is put into *state*."""
        kind = element["type"]
        action: dict[str, Any] = {
            "type": kind,
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": self._workspace.new_ts(),
        }
        if values.has_state(element):
            chosen = reader.read(element, value)
            state.setdefault(block["block_id"], {})[element["action_id"]] = chosen
            return {**chosen, **action}
        if kind == "overflow":
            return action | {"selected_option": reader.overflow(element, value)}
        action["text"] = element["text"]
        return action | {name: element[name] for name in ("value", "style") if name in element}

    # Suggestions

    async def suggest(self, user: Any, call: dict[str, Any]) -> Answer:
        """What an external select offers for a query."""
        person = self.person(user)
        container = call["container"]
        query = str(call.get("query") or "")
        action_id, block_id = str(call.get("action_id")), call.get("block_id")
        if container["type"] == "view":
            view = self.view(person.id, container.get("view_id"))
            block, element = values.find_element(view.blocks, action_id, block_id)
            place = view.id
            given = {"block_id": block["block_id"], "action_id": action_id, "value": query}
            payload = payloads.in_view("block_suggestion", person, view, **given)
        else:
            channel = self.channel(container.get("channel"), person.id)
            message = self.message(channel, container.get("ts"), person.id)
            block, element = values.find_element(message.blocks, action_id, block_id)
            place = message.ts
            given = {"block_id": block["block_id"], "action_id": action_id, "value": query}
            payload = self._suggestion_in_message(person, channel, message, given)
        if "external" not in element["type"]:
            raise PersonError("not_external", f"{action_id} does not ask the app for options.")
        if len(query) < element.get("min_query_length", DEFAULT_QUERY_LENGTH):
            return unsent(options=[], option_groups=[])
        delivery = await self.slack.sockets.deliver("interactive", payload, True)
        return self._after_suggestion(delivery, (person.id, place, action_id))

    def _suggestion_in_message(
        self, person: Person, channel: Channel, message: Message, given: dict[str, Any]
    ) -> payloads.Payload:
        ephemeral = message.ephemeral_for is not None
        container = payloads.message_container(message.ts, channel, ephemeral, message.thread_ts)
        shown = None if ephemeral else self._messages.slack_json(message)
        return payloads.in_message("block_suggestion", person, channel, container, shown, **given)

    def _after_suggestion(self, delivery: Delivery, place: tuple[str, str, str]) -> Answer:
        if not delivery.acknowledged:
            return answer(delivery, options=[], option_groups=[])
        faults: list[str] = []
        suggestions(delivery.response, faults)
        if faults:
            refused = {"error": "invalid_options_response", "faults": faults}
            return answer(delivery, options=[], option_groups=[], **refused)
        offered = {option["value"]: option for option in options_of(delivery.response)}
        self._suggested.setdefault(place, {}).update(offered)
        return answer(
            delivery,
            options=delivery.response.get("options", []),
            option_groups=delivery.response.get("option_groups", []),
        )


def dispatches(block: dict[str, Any], element: dict[str, Any]) -> bool:
    """Whether using *element* tells the app at once."""
    return (
        block["type"] != "input"
        or bool(block.get("dispatch_action"))
        or not values.has_state(element)
    )


def forged(call: dict[str, Any], action_ts: str) -> dict[str, Any]:
    """The action of a call with `force`."""
    action = call.get("action")
    if not isinstance(action, dict):
        raise PersonError("invalid_request", "With force an `action` object is needed.")
    return {"type": "button", "block_id": "forged", "action_ts": action_ts, **action}
