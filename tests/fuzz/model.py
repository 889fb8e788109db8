"""Who may change what: an independent, strict reading of a payload that did change something.

It shares no code with the listeners. Whatever was recorded has to be what the payload says, by the
person whom it names, about the question that was open.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, OTHER_ADMIN
from workflows.events import Recorded

ADMINISTRATORS, VOTERS = {ADMIN, OTHER_ADMIN}, {ADMIN, *APPROVERS}
BY_APPROVERS = {"approve", "withdraw_approval", "decline", "waiver"}
BY_EITHER = {"unfreeze"}
ANY_TIME = {"retry", "unfreeze", "cancel", "hand_over"}
"""These need no open question."""
STARTS = {"start"}


@dataclass(frozen=True)
class Meaning:
    """What a payload asks for: by whom, what, about which question ('': it names none)."""

    person: str
    act: str
    reference: str


def meaning(body: Any) -> Meaning | None:
    """Read a payload; None where it can ask for nothing."""
    try:
        return _meaning(body)
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
        return None


def _meaning(body: Payload) -> Meaning | None:
    kind = body.get("type")
    if kind is None and body["command"] == "/uninstall-salesforce":
        return Meaning(body["user_id"], (body["text"].split() or [""])[0].lower(), "")
    if kind == "block_actions" and len(body["actions"]) == 1:
        (action,) = body["actions"]
        modal = (body.get("view") or {}).get("type") == "modal"
        named = _of_view(body) if modal else action["value"]
        return Meaning(body["user"]["id"], action["action_id"].partition(":")[0], named)
    if kind == "view_submission":
        act = body["view"]["callback_id"]
        return Meaning(body["user"]["id"], act, "" if act in STARTS else _of_view(body))
    return None


def _of_view(body: Payload) -> str:
    return str(json.loads(body["view"]["private_metadata"])["ref"])


def allowed(body: Any, happened: list[Recorded], run_id: str, version: int) -> str:
    """Say what is wrong with what a payload made happen to a run that asked question *version*.

    '' for nothing.
    """
    meant = meaning(body)
    if meant is None:
        return "nothing that can ask for it"
    actors = {(one.actor.kind, one.actor.id) for one in happened}
    if happened and actors != {("person", meant.person)}:
        return f"recorded for {actors}, not for {meant.person}"
    if meant.act in BY_APPROVERS:
        able = VOTERS - {ADMIN} if meant.act != "decline" else VOTERS
    else:
        able = ADMINISTRATORS | (VOTERS if meant.act in BY_EITHER else set())
    if meant.person not in able:
        return f"{meant.person} may not {meant.act}"
    if meant.act in STARTS or body.get("type") is None:
        return ""
    if meant.act in ANY_TIME:
        wanted = re.escape(run_id) + r"\.[0-9]+(\..*)?"
    else:
        wanted = re.escape(f"{run_id}.") + f"0*{version}" + r"(\..*)?"
    if re.fullmatch(wanted, meant.reference) is None:
        return f"about {meant.reference!r}, not about {run_id}.{version}"
    return ""
