"""Every failpoint there is: read off the code, so that a new one without a kill is found.

- every commit, by what is done in it: each event, each call of a transaction, and the beginning,
  end and putting off of each kind of effect;
- every call that leaves the process, by the methods of the ports, and of Slack's client in
  ``handlers/``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

from slack_sdk import WebClient

from bot.backup.source import Source
from bot.effects.context import Context
from bot.ports import HubSpotPort, SalesforcePort
from bot.program import handlers
from bot.store.base import Transaction
from bot.vendors.slack import Slack
from workflows import events

SIDES = ("before", "after")
PORTS: dict[str, type[Any]] = {
    "slack": Slack,
    "hubspot": HubSpotPort,
    "salesforce": SalesforcePort,
    "package_data": Source,
}
ELSEWHERE = {
    "slack.authorization": "answers from memory",
    "hubspot.known_usage": "answers from memory",
    "slack.token": "of `sunset doctor`; the bot calls it through who_am_i",
    "slack.is_archived": "of `sunset doctor`; the bot calls it through check_channel",
    "slack.publish_home": "shows what is made anew after every start",
    "slack.socket_mode": "of `sunset doctor`",
}
"""Methods at whose sides the bot is not killed, with the reason."""
HANDLERS = Path(inspect.getfile(events)).parents[1] / "handlers"


@cache
def every() -> frozenset[str]:
    """Return the names of all failpoints."""
    both = {f"{name}:{side}" for name in _places() for side in SIDES}
    return frozenset(both | {f"commit:lease.{kind}:after" for kind in _effects()})


def _places() -> set[str]:
    calls = {f"{place}.{name}" for place, port in PORTS.items() for name in _methods(port)}
    ends = (f"settle.{kind}" for kind in _effects())
    commits = {f"commit:{name}" for name in (*_events(), *_methods(Transaction), *ends)}
    return (calls - ELSEWHERE.keys()) | commits | {f"answer.{name}" for name in _answers()}


def _methods(port: type[Any]) -> Iterator[str]:
    """Yield the public methods of a port."""
    for name, member in vars(port).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            yield name


def _events() -> Iterator[str]:
    for event in get_args(get_args(events.AnyEvent)[0]):
        yield f"event.{event.model_fields['type'].default}"


def _effects() -> Iterator[str]:
    nothing: dict[str, Any] = dict.fromkeys(Context.__dataclass_fields__)
    yield from handlers(Context(**nothing))


def again() -> frozenset[str]:
    """Return what no list can tell before: which kinds of effects are put off, and take-overs."""
    told = {"commit:reclaim", *(f"commit:postpone.{kind}" for kind in _effects())}
    return frozenset(f"{name}:{side}" for name in told for side in SIDES)


def _answers() -> Iterator[str]:
    """Yield what listeners send: the client's methods that `handlers/` names, and Bolt's."""
    yield from ("acknowledge", "respond")
    for path in HANDLERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute) or not hasattr(WebClient, node.attr):
                continue
            if ast.unparse(node.value).endswith("client"):
                yield node.attr
