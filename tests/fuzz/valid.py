"""Every valid payload that a run's state offers: its buttons, its modals filled in, its commands.

They are found by looking at what the bot itself shows, so that what is added to it is there too.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handlers import render
from handlers.i18n import translator
from handlers.payload import Metadata
from tests.fuzz.site import FILE, Site
from tests.handlers import payloads
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN, TARGET

SAMPLES = Path(__file__).parents[3] / "shared" / "payloads"
"""Slack's own samples, where they lie beside the project."""
COMMANDS = ("", "plan", "status", "cancel", "audit", "help", "unfreeze", "freeze why", "handver")
NOT_BUTTONS = frozenset({"link"})
_EN = translator("en")
_PHRASE = "Uninstall Salesforce"


def everything(site: Site) -> list[Payload]:
    """Return what people can send to this site, each by who may."""
    shown = _messages(site)
    clicks = [click for message in shown for click in _clicks(message)]
    views = [view for click in clicks for view in _opened(site, click)]
    commands = [
        payloads.command(ADMIN, text, f"1.{number}") for number, text in enumerate(COMMANDS)
    ]
    commands.append(payloads.command(ADMIN, f"handover <@{OTHER_ADMIN}>", "1.99"))
    views += [view for one in commands for view in _opened(site, one)]
    inside = [payload for view in views for payload in _inside(view)]
    return [*clicks, *commands, *inside, *_others(), *samples()]


def _messages(site: Site) -> list[list[Payload]]:
    run, start = site.run, payloads.button("open_start", "new.0", "0.1")
    made = [render.card(run, _EN, None).blocks, render.prompt_message(run, _EN, None).blocks]
    return [*made, [{"type": "actions", "elements": [start]}]]


def _buttons(blocks: list[Payload]) -> Iterator[tuple[Payload, str]]:
    for block in blocks:
        found = [*block.get("elements", []), block.get("accessory") or {}]
        for element in found:
            if "action_id" in element and element["action_id"] not in NOT_BUTTONS:
                yield element, block.get("block_id", "b")


_TIMES = itertools.count(1)


def _action(element: Payload, block_id: str) -> Payload:
    when = f"1700000000.{next(_TIMES):06}"
    if element["type"] == "button":
        return payloads.button(element["action_id"], element.get("value", ""), when, block_id)
    return payloads.pick(element["action_id"], TARGET.id, when, block_id)


def _clicks(blocks: list[Payload]) -> Iterator[Payload]:
    for element, block_id in _buttons(blocks):
        for person in (ADMIN, APPROVERS[0]):
            yield payloads.message_click(person, _action(element, block_id))


def _opened(site: Site, sent: Payload) -> list[Payload]:
    """Return the views that open on *sent*, as Slack would send them back."""
    views = site.deliver(copy.deepcopy(sent)).views
    person = sent.get("user_id") or sent["user"]["id"]
    return [
        {
            "id": f"V{next(_TIMES)}",
            "hash": f"9.{next(_TIMES)}",
            "callback_id": "",
            "state": {"values": {}},
            **view,
            "whose": person,
        }
        for view in views
    ]


def _inside(view: Payload) -> Iterator[Payload]:
    """Yield what can be done in an open modal: its buttons, its pickers, its submission."""
    person, shown = view["whose"], {key: view[key] for key in view if key != "whose"}
    for element, block_id in _buttons(shown["blocks"]):
        yield payloads.view_action(person, shown, _action(element, block_id))
        if element["type"] == "external_select":
            yield payloads.suggestion(person, shown, element["action_id"], block_id, "ha")
    if shown.get("submit"):
        for scope in (0, -1):
            values = {
                block["block_id"]: _filled(block["element"], scope)
                for block in shown["blocks"]
                if block["type"] == "input"
            }
            twin = {**shown, "id": f"V{next(_TIMES)}"}
            yield payloads.submission(person, twin, values)
    if shown["callback_id"]:
        closed = payloads.submission(person, shown, {})
        yield {**closed, "type": "view_closed", "is_cleared": False}


def _filled(element: Payload, which: int) -> Payload:
    """Fill an input in as a person would."""
    match element["type"]:
        case "plain_text_input":
            placeholder = element.get("placeholder", {}).get("text")
            return payloads.text(_PHRASE if placeholder == _PHRASE else "Archive / 2026")
        case "checkboxes":
            return payloads.ticked(*(one["value"] for one in element["options"]))
        case "radio_buttons" | "static_select":
            return payloads.chosen(element["options"][which]["value"])
        case "users_select":
            return payloads.user(OTHER_ADMIN)
        case "multi_users_select":
            return payloads.users(*APPROVERS)
        case "external_select":
            return payloads.picked(element["action_id"], None)
        case "multi_external_select":
            chosen = [{"text": {"type": "plain_text", "text": "Hanna"}, "value": TARGET.id}]
            named = {"type": element["type"], "action_id": element["action_id"]}
            return {**named, "selected_options": chosen}
        case "file_input":
            return {"type": "file_input", "files": [{"id": FILE, "name": "list.csv"}]}
    raise AssertionError(f"nobody can fill in a {element['type']}")


def _others() -> Iterator[Payload]:
    """Yield what Slack sends too, though nothing comes of it."""
    yield payloads.home_opened(ADMIN)
    yield payloads.home_opened("U0ZOE")
    yield payloads.home_opened(APPROVERS[0], "messages")
    yield {"type": "shortcut", "callback_id": "x", "user": {"id": ADMIN}, "trigger_id": "1.1"}
    said: dict[str, Any] = {"type": "message", "user": ADMIN, "text": "hi", "channel": "C0RUN"}
    yield {"type": "event_callback", "event": said, "team_id": "T111", "event_id": "Ev2"}


def samples() -> Iterator[Payload]:
    for path in sorted(SAMPLES.glob("*body.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def reference(body: Payload) -> str:
    """Return the run reference that a payload carries, '' for none; read independently."""
    try:
        view = body.get("view") or {}
        if view.get("type") == "modal":
            return str(json.loads(view["private_metadata"])["ref"])
        return str(body["actions"][0]["value"])
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
        return ""


def forged(run_id: str, version: int) -> list[str]:
    """Return references to other runs and other questions."""
    made = [f"{run_id}.{version + step}" for step in (-1, 1, 7)]
    made += [f"run-2.{version}", f"{run_id}.{version} ", f"{run_id}.0{version}", f"{run_id}.٣"]
    return [
        *made,
        *(str(Metadata.of({"view": {"private_metadata": _metadata(one)}}).ref) for one in made[:1]),
    ]


def _metadata(ref: str) -> str:
    return json.dumps({"ref": ref, "page": 0, "turn": 0})
