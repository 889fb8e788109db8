"""What a walk leaves behind, written so that two walks can be compared.

What differs from walk to walk by itself is left out: ids, times, hashes, numbers of events.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from difflib import unified_diff
from typing import Any

from bot.store.sqlite import SqliteStore
from sandbox.client_messages import texts
from sandbox.slack.workspace import AUDIT_CHANNEL, MAIN_CHANNEL, Message
from tests.death.stage import Stage
from workflows.events import Recorded
from workflows.evolve import evolve
from workflows.prompts import prompt
from workflows.run import Run

PASSING = ("prompt wait_", "checkpoint:#", "late:#")
"""Messages that depend on the time: what the bot is at, a day's checkpoint, what came late."""
Told = Counter[tuple[str, ...]]
_MASKS = (
    (re.compile(r"/\S+/backups/[\w-]+"), "directory"),
    (re.compile(r"run-[0-9a-f]{8}"), "run-…"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "reference"),
    (re.compile(r"<!date\^\d+\^([^|>]*)[^>]*>"), r"<date \1>"),
    (re.compile(r"`[0-9a-f]{8,64}`?"), "`hash`"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "hash"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00|Z)?"), "time"),
    (re.compile(r"\b(?:0Af|750|00D|a\d\d)\w{12,15}\b"), "id"),
    (re.compile(r"\b\d+(?:[.,]\d+)?"), "#"),
)


@dataclass
class Trace:
    """What is left after a walk: at the vendors, in Slack, in the database."""

    events: list[str]
    """Each run's events: type and actor, in order."""
    thread: Told
    """Messages in the channel: the slot, and what it says now."""
    direct: Told
    """Direct messages: to whom, which, and what they say."""
    wrong: list[str]
    """What is wrong by itself: messages that came twice, audit lines that are not in order."""
    scheduled: int
    """Messages that still lie in Slack for later."""
    ledger: Told
    effects: Told
    """How the effects ended, by kind."""
    owners: dict[str, Any]
    package: dict[str, Any]
    deployments: Told

    def differences(self, other: Trace) -> list[str]:
        """Name what is not the same in *other*."""
        found: list[str] = []
        for name in (one.name for one in fields(self)):
            was, now = getattr(self, name), getattr(other, name)
            if was == now:
                continue
            if isinstance(was, Counter):
                found += [f"{name} missing: {one}" for one in (was - now).elements()]
                found += [f"{name} too much: {one}" for one in (now - was).elements()]
            elif isinstance(was, list):
                found += [f"{name}: {line}" for line in unified_diff(was, now, n=1, lineterm="")]
            else:
                found.append(f"{name}: {was} → {now}")
        return found


def trace(stage: Stage) -> Trace:
    """Look at everything that is left after a walk."""
    org = stage.sandbox.salesforce
    with closing(SqliteStore(stage.database)) as store:
        histories = {run_id: _recorded(store, run_id) for run_id in reversed(store.run_ids())}
    slots = {run_id: _slots(history) for run_id, history in histories.items()}
    return Trace(
        events=[
            f"{one.event.type} {one.actor.id}" for found in histories.values() for one in found
        ],
        thread=Counter(_messages(stage, [MAIN_CHANNEL], slots)),
        direct=Counter(_messages(stage, [*_direct(stage)], slots)),
        wrong=[*_twice(stage), *_audit(stage, histories)],
        scheduled=len(stage.page.scheduled()),
        ledger=Counter(_ledger(stage)),
        effects=Counter(_effects(stage)),
        owners=_owners(stage),
        package=_package(stage),
        deployments=Counter(
            (str(one["CheckOnly"]), str(one["Status"])) for one in org.deployments.rows()
        ),
    )


def _recorded(store: SqliteStore, run_id: str) -> list[Recorded]:
    return [link.recorded for link in store.history(run_id)]


def _slots(history: list[Recorded]) -> dict[str, str]:
    """Name the messages of a run's thread by what they are: their keys have numbers."""
    named: dict[str, str] = {}
    run: Run | None = None
    for recorded in history:
        run = evolve(run, recorded)
        named[f"prompt:{run.prompt_version}"] = f"prompt {prompt(run).ask}"
        named[f"notice:{recorded.seq}"] = f"notice {recorded.event.type}"
    return named


def _twice(stage: Stage) -> Iterator[str]:
    """Name the messages that were posted more than once."""
    keys = Counter(
        (channel, str(key))
        for channel in [MAIN_CHANNEL, AUDIT_CHANNEL, *_direct(stage)]
        for message in stage.messages(channel)
        if (key := _payload(message).get("key"))
    )
    yield from (f"{number} times: {key}" for key, number in keys.items() if number > 1)


def _audit(stage: Stage, histories: Mapping[str, list[Recorded]]) -> Iterator[str]:
    """Name what is wrong in the audit channel: each event has one line, in order."""
    shown: dict[str, list[int]] = {run_id: [] for run_id in histories}
    for message in stage.messages(AUDIT_CHANNEL):
        payload = _payload(message)
        numbers = [int(one) for one in str(payload.get("events", "")).split(",") if one]
        shown[str(payload["run"])] += numbers
        if len(message.text.splitlines()) != len(numbers):
            yield f"audit lines of {numbers}: {message.text}"
    for run_id, history in histories.items():
        if shown[run_id] != (wanted := [one.seq for one in history]):
            yield f"audit channel of {run_id}: {shown[run_id]} instead of {wanted}"


def _messages(
    stage: Stage, channels: Iterable[str], slots: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, ...]]:
    for channel in channels:
        for message in stage.messages(channel):
            if message.by_bot:
                run_id, _, slot = str(_payload(message).get("key", "")).partition(":")
                named = slots.get(run_id, {}).get(slot, mask(slot))
                # What the bot is at is shown while it lasts; a moment may be over before.
                if not named.startswith(PASSING):
                    files = ",".join(mask(file.name) for file in message.files)
                    told = mask("\n".join([*texts(message.blocks), message.text]))
                    yield (_place(stage, channel), named, files, told)


def _place(stage: Stage, channel: str) -> str:
    """Return a channel's name, or whose direct messages it holds: their ids are in turn."""
    found = stage.sandbox.slack.workspace.channels[channel]
    return found.members[-1] if found.kind == "im" else found.name


def _direct(stage: Stage) -> Iterator[str]:
    for channel in list(stage.sandbox.slack.workspace.channels.values()):
        if channel.kind == "im":
            yield channel.id


def _payload(message: Message) -> dict[str, Any]:
    return dict((message.metadata or {}).get("event_payload") or {})


def _ledger(stage: Stage) -> Iterator[tuple[str, ...]]:
    columns = "job, object_type, record_id, old_owner, new_owner, state, checked, found, undo"
    for row in stage.rows(f"SELECT {columns} FROM ledger"):  # noqa: S608 - fixed names
        yield tuple(str(value) for value in row)


def _effects(stage: Stage) -> Iterator[tuple[str, ...]]:
    for row in stage.rows("SELECT DISTINCT kind, state FROM effects"):
        yield tuple(str(value) for value in row)


def _owners(stage: Stage) -> dict[str, Any]:
    state = stage.page.hubspot.state()
    return {"counts": state["counts"], "connected": state["connected"]}


def _package(stage: Stage) -> dict[str, Any]:
    state = stage.page.salesforce.state()
    return {"installed": state["installed"], "copy": state["copy"]["until"] is not None}


def mask(text: str) -> str:
    """Leave out of a text what is another one in each walk."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text
