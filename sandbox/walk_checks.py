"""What must be true at the end, by the vendors' state and the logs: not by what the bot says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from sandbox import walk_job, walk_truth
from sandbox.client import Message, NotSeen, Place
from sandbox.walk_card import DONE, audit_lines, event_count, steps
from sandbox.walk_ids import Act, Block
from sandbox.walk_stage import Stage, owners_of
from sandbox.walk_truth import Meanwhile, Reckoning, Record, Truth
from sandbox.walk_window import count_reminders

SETTLE_SECONDS = 60.0
MOST_NAMED = 5
_PING = re.compile(r"<!(?:channel|here|everyone)\b")
_MALFORMED = frozenset(
    {"invalid_blocks", "invalid_arguments", "invalid_view_response", "invalid_metadata"}
)


def compare(stage: Stage) -> None:
    """Compare everything; what is wrong is printed and remembered in :attr:`Stage.wrong`."""
    stage.heading("final")
    records(stage)
    vendors(stage)
    reminders(stage)
    audit(stage)
    messages(stage)
    log(stage)


def _named(items: list[str]) -> str:
    more = len(items) - MOST_NAMED
    return ", ".join(items[:MOST_NAMED]) + (f" (+{more})" if more > 0 else "")


def records(stage: Stage) -> None:
    """Compare the owner of each of HubSpot's records with the mapping that was confirmed."""
    notes = stage.notes
    state = stage.page.hubspot.state()
    after = walk_truth.read(stage.page, notes.before)
    others = walk_truth.meanwhile(stage.page)
    reckoning = Reckoning(notes.before, after, notes.mapping, notes.kinds, others)
    names = {owner["id"]: owner["name"] or owner["email"] for owner in owners_of(state)}
    left = Counter(
        owner
        for kind in notes.kinds
        for owner in after[kind].values()
        if owner in notes.salesforce_only
    )
    still = [f"{names.get(owner, owner)}: {left[owner]}" for owner in sorted(left)]
    kinds = ", ".join(sorted(notes.kinds))
    stage.expect(not still, "no_old_owner", _named(still), kinds=kinds)
    strays = _records(reckoning.strays(), names)
    planned = sum(1 for _ in reckoning.planned())
    stage.expect(not strays, "as_mapped", _named(strays), count=planned)
    uneven = reckoning.uneven(others.records | notes.failed)
    stage.expect(not uneven, "even", _named(uneven))
    touched = _records(reckoning.touched(), names)
    every = sum(len(found) for found in notes.before.values())
    stage.expect(not touched, "untouched", _named(touched), count=every - planned)
    lost = [f"{kind} {one}" for kind, one in reckoning.ownerless()]
    have = sum(1 for found in after.values() for owner in found.values() if owner)
    stage.expect(not lost, "none_ownerless", _named(lost), count=have)
    if others.records:
        _told(stage, others, after)
    listed = [owner["name"] for owner in state["owners"] if owner["salesforce_only"]]
    stage.expect(not listed, "owners_gone", _named(listed))


def _records(found: Mapping[Record, str | None], names: Mapping[str, str]) -> list[str]:
    return [
        f"{kind} {one}: {names.get(owner or '', owner)}" for (kind, one), owner in found.items()
    ]


def _told(stage: Stage, others: Meanwhile, after: Truth) -> None:
    """What others did in the very moment of a write is listed in the thread's files."""
    missing = walk_job.untold(stage, others, after)
    kept = sum(after[kind].get(one) == owner for (kind, one), owner in others.given.items())
    stage.expect(
        not missing,
        "told",
        _named(missing),
        overwritten=len(others.given) - kept,
        kept=kept,
        archived=len(others.archived),
    )


def vendors(stage: Stage) -> None:
    """Compare the package and its data copy with what was approved."""
    salesforce, notes = stage.page.salesforce.state(), stage.notes
    stage.expect(not salesforce["installed"], "package_gone")
    if notes.keep_copy is None:
        return
    until = salesforce["copy"]["until"]
    stage.expect((until is not None) is notes.keep_copy, "copy_as_chosen", str(until))
    if until is not None and notes.deadline is not None:
        kept = datetime.fromisoformat(until).timestamp()
        stage.expect(notes.deadline <= kept, "never_late", f"{notes.deadline} > {kept}")


def reminders(stage: Stage) -> None:
    """Every reminder that was due came exactly once, and none is left in Slack."""
    came, expected = count_reminders(stage), stage.notes.reminders
    wrong = [
        f"“{text}” in {stage.names.get(place, place)}: {came[place, text]}"
        for place, text in sorted({*came, *expected})
        if came[place, text] != 1 or (place, text) not in expected
    ]
    stage.expect(not wrong, "each_reminder_once", _named(wrong), count=len(expected))
    _settle(stage, lambda: not stage.page.scheduled())
    stage.expect(not stage.page.scheduled(), "nothing_scheduled")


def audit(stage: Stage) -> None:
    """The audit channel holds every event of the run, once, done by those who may."""
    answer = stage.ask(stage.admin, "audit")
    events = event_count(answer)
    stage.expect("✅" in answer.text, "audit_intact", stage.plain(answer.text))

    def numbers() -> Counter[int]:
        posted = stage.page.messages(stage.audit_channel, stage.admin.id)
        lines = [line for message in posted for line in audit_lines(message)]
        return Counter(line.number for line in lines if line.run == stage.run)

    wanted = set(range(1, events + 1))
    _settle(stage, lambda: wanted <= set(numbers()))
    found = numbers()
    wrong = [f"#{number}: {found[number]}" for number in sorted(wanted | set(found))
             if found[number] != 1 or number not in wanted]  # fmt: skip
    stage.expect(events > 0 and not wrong, "audit_whole", _named(wrong), count=events)
    _actors(stage)


def _settle(stage: Stage, condition: Callable[[], bool]) -> None:
    """Give what trails a moment; what is missing then is named by the comparison."""
    with suppress(NotSeen):
        stage.page.wait_for(condition, "the last traces", timeout=SETTLE_SECONDS)


def _actors(stage: Stage) -> None:
    may = {person.id for person in [stage.admin, stage.second, *stage.approvers] if person}
    posted = stage.page.messages(stage.audit_channel, stage.admin.id)
    named = {line.who for message in posted for line in audit_lines(message)}
    strangers = [
        who
        for who in sorted(named)
        if (found := re.fullmatch(r"<@([A-Z0-9]+)>", who)) and found[1] not in may
    ]
    stage.expect(not strangers, "no_stranger", _named(strangers))


def messages(stage: Stage) -> None:
    """The card knows every step; nothing is posted twice, and nothing pings a channel."""
    never = set() if stage.notes.downloaded else {Block.WHERE.value}
    unknown = [
        step.line
        for step in steps(stage.card())
        if step.mark not in DONE and never.isdisjoint(step.ids)
    ]
    whole = len(steps(stage.card())) > 0 and not unknown
    stage.expect(whole, "steps_known", _named([stage.plain(line) for line in unknown]))
    people = [stage.admin, *stage.approvers]
    places = [(stage.admin, stage.place), (stage.admin, Place(stage.audit_channel))]
    places += [(person, Place(person.id)) for person in people]
    pings = [
        f"{message.ts} {message.text[:60]}"
        for person, place in places
        for message in person.sees(place)
        if _pings(message)
    ]
    stage.expect(not pings, "no_ping", _named(pings))
    keys = Counter(
        (place.channel, message.payload["key"])
        for person, place in places
        for message in person.sees(place)
        if "key" in message.payload and not message.ephemeral
    )
    doubled = [
        f"{key} in {stage.names.get(where, where)}" for (where, key), n in keys.items() if n > 1
    ]
    stage.expect(not doubled, "none_doubled", _named(doubled), count=len(keys))


def _pings(message: Message) -> bool:
    return message.by_bot and _PING.search(message.said) is not None


def log(stage: Stage) -> None:
    """Every delivery was acknowledged, and Slack took everything that the bot sent."""
    faults = stage.page.faults()
    if faults:
        struck = sum(1 for fault in faults if fault["struck"])
        stage.say("faults", struck=struck, armed=len(faults))
    entries = stage.page.log("slack")
    late = [
        f"{entry['request']} ({entry['detail'].get('error')})"
        for entry in entries
        if entry["request"].startswith("envelope:") and entry["status"] != 200 and not faults
    ]
    stage.expect(not late, "all_answered", _named(late))
    malformed = [
        f"{entry['request']}: {entry['detail']['error']}"
        for entry in entries
        if entry["detail"].get("error") in _MALFORMED
    ]
    stage.expect(not malformed, "nothing_refused", _named(malformed))


def after_the_end(stage: Stage) -> None:
    """A button of a finished run is dead."""
    message = stage.page.thread(stage.channel, str(stage.place.thread))[0]
    said = stage.refused(stage.admin, message, Act.OPEN_CANCEL, f"{stage.run}.1")
    stage.say("over", said)
