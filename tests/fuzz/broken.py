"""Ways to break a payload: what is missing, of a wrong type, too large, or forged."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.handlers.engine import STRANGER
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN

Path = tuple[str | int, ...]
MENTION = "<!channel> <@U0EVIL> <https://evil.example|click>"
_DEEP: Any = "x"
for _ in range(90):
    _DEEP = [_DEEP]

JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    float("nan"),
    "",
    " ",
    "\x00",
    "a\x00b\x1b[31m\x07",
    "\ud800",
    "x\udfff",
    "\u202eevil\u2066\u2028",
    "ﷺ" * 40,
    "a" * 256,
    "a" * 3_001,
    "a" * 50_000,
    MENTION,
    "```\n*bold* `code` {run} {0} %s &lt;!here&gt;",
    "' OR 1=1 --",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "../../../",
    "1",
    "٣",
    "true",
    [],
    {},
    [[]],
    [None],
    [{}],
    [{}, {}],
    {"id": 1},
    {"id": None},
    {"type": "modal"},
    {"value": {}},
    ["a"] * 3_000,
    {f"k{number}": number for number in range(500)},
    _DEEP,
    {"ref": "run-1.1", "page": 10**9, "turn": -1},
    '{"ref": "run-1.1", "page": 1e400, "turn": 0}',
    '{"ref": "run-1.2", "page": 999999, "turn": 999999}',
    '{"page": ' + "9" * 2_900 + "}",
    "[" * 2_900,
)
PEOPLE = (ADMIN, OTHER_ADMIN, *APPROVERS, STRANGER, "U0BOT", "u0admin", f"{ADMIN} ", "W0GRID")
NAMES = (
    "approve",
    "open_decline",
    "decline",
    "consent",
    "cancel",
    "confirm_mapping",
    "take_suggestions:manager\n",
    "take_suggestions:",
    "pick_target",
    "exclude_owner",
    "page_next",
    "open_start",
    "start",
    "mapping_file",
    "split",
    "objects",
    "nobody_knows",
    "block_actions",
    "view_submission",
    "block_suggestion",
    "event_callback",
    "function_executed",
    "workflow_step_edit",
    "interactive_message",
    "dialog_submission",
    "url_verification",
)
SPOTS: tuple[Path, ...] = (
    ("type",),
    ("user", "id"),
    ("user_id",),
    ("user",),
    ("team", "id"),
    ("command",),
    ("text",),
    ("trigger_id",),
    ("response_url",),
    ("actions",),
    ("actions", 0),
    ("actions", 0, "action_id"),
    ("actions", 0, "block_id"),
    ("actions", 0, "value"),
    ("actions", 0, "action_ts"),
    ("actions", 0, "selected_option"),
    ("actions", 0, "selected_option", "value"),
    ("action_id",),
    ("value",),
    ("view",),
    ("view", "id"),
    ("view", "hash"),
    ("view", "type"),
    ("view", "callback_id"),
    ("view", "private_metadata"),
    ("view", "previous_view_id"),
    ("view", "state"),
    ("view", "state", "values"),
    ("view", "blocks"),
    ("event",),
    ("event", "user"),
    ("event", "type"),
    ("event", "tab"),
    ("authorizations",),
    ("response_urls",),
    ("bot_access_token",),
    ("function_execution_id",),
    ("enterprise",),
    ("channel",),
    ("message",),
    ("container",),
    ("view", "app_installed_team_id"),
)
"""The fields by which a payload is understood; half of all breakage is there."""


@dataclass(frozen=True)
class Break:
    """One way to break a payload: where (chosen by number), how, and with what."""

    spot: int
    how: int
    what: int


BREAKS = st.lists(
    st.builds(Break, st.integers(0, 9_999), st.integers(0, 99), st.integers(0, 9_999)),
    max_size=3,
)


def broken(body: Payload, ways: list[Break], references: list[str]) -> Payload:
    """Return a copy of *body*, broken in these ways; without any, it is as it was."""
    made = copy.deepcopy(body)
    for way in ways:
        _break(made, way, references)
    return made


def _break(body: Payload, way: Break, references: list[str]) -> None:
    known = way.spot % 2 == 0
    places = SPOTS if known else tuple(_places(body))
    path = places[way.spot // 2 % len(places)]
    holder = _at(body, path[:-1])
    name = path[-1]
    if isinstance(holder, dict):
        there = name in holder
    elif isinstance(holder, list) and isinstance(name, int):
        there = name < len(holder)
    else:
        return
    if way.how < 15:
        if there:
            del holder[name]
    elif way.how < 25:
        if there:
            holder[name] = [holder[name], holder[name]]
    elif way.how < 32:
        if there:
            holder[name] = {"id": holder[name], "value": holder[name]}
    elif way.how < 38:
        if there and isinstance(holder[name], list):
            holder[name] += copy.deepcopy(holder[name])
    elif isinstance(holder, dict) or there:
        pool: tuple[Any, ...] = JUNK
        if way.how < 50:
            pool = PEOPLE
        elif way.how < 60:
            pool = NAMES
        elif way.how < 72:
            pool = tuple(references)
        holder[name] = copy.deepcopy(pool[way.what % len(pool)])


def _at(body: Any, path: Path) -> Any:
    for step in path:
        try:
            body = body[step]
        except (LookupError, TypeError):
            return None
    return body


def _places(body: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if len(path) > 12:
        return
    if isinstance(body, dict):
        for key, value in body.items():
            yield from _places(value, (*path, key))
    elif isinstance(body, list):
        for number, value in enumerate(body[:30]):
            yield from _places(value, (*path, number))
