"""What the bot's messages say, read without knowing their language: ids, marks, dates, numbers."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.client import Message

MARKS = {"✅": "verified", "☑️": "attested", "⏭️": "skipped", "⏳": "waiting", "⬜": "open"}
DONE = frozenset({"verified", "attested", "skipped"})

_STEP = re.compile(r"^(✅|☑️|⏭️|⏳|⬜) (.+?) `(P[0-9a-z]+(?: P[0-9a-z]+)*)` – (.+)$", re.MULTILINE)
_DATE = re.compile(r"<!date\^(\d+)\^[^|>]*\|([^>]*)>")
_MENTION = re.compile(r"<([@#])([A-Z0-9]+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|([^>]*))?>")
_HEADING = re.compile(r"⏰ \*(.+?)\*")
_AUDIT = re.compile(r"`(?P<run>[^`]+)` \*#(?P<number>\d+)\* .*? · (?P<who>[^·]+?) · ")
_EVENTS = re.compile(r":\*\s*(\d[\d\s\u00a0\u202f.,]*)")


@dataclass(frozen=True)
class Step:
    """A line of the card's checklist: `mark` is a value of :data:`MARKS`."""

    mark: str
    ids: tuple[str, ...]
    line: str


def steps(card: Message) -> list[Step]:
    """Return the checklist of a card."""
    found = _STEP.finditer(card.said)
    return [Step(MARKS[one[1]], tuple(one[3].split()), one[0]) for one in found]


def step(card: Message, step_id: str) -> Step | None:
    """Return the checklist's line that carries this step of the procedure, e.g. `P3f`."""
    return next((one for one in steps(card) if step_id in one.ids), None)


def plain(text: str, names: Mapping[str, str]) -> str:
    """Write mrkdwn as plain text for a terminal; *names* maps Slack ids to names."""
    shown = _DATE.sub(lambda found: found[2], text)
    shown = _MENTION.sub(lambda found: found[1] + names.get(found[2], found[2]), shown)
    shown = _LINK.sub(lambda found: found[2] or found[1], shown)
    return html.unescape(re.sub(r"[*`]", "", shown))


def dates(text: str) -> list[int]:
    """Return the epoch seconds of the dates in *text*, in order."""
    return [int(found[1]) for found in _DATE.finditer(text)]


def heading(message_text: str) -> str | None:
    """Return a reminder's heading, which says how much time is left; None for other messages."""
    found = _HEADING.search(message_text)
    return found[1] if found else None


@dataclass(frozen=True)
class AuditLine:
    """One event in the audit channel: its run, its number, and the mrkdwn of who did it."""

    run: str
    number: int
    who: str


def audit_lines(message: Message) -> list[AuditLine]:
    """Return the audit lines in a message, which may hold several."""
    return [
        AuditLine(found["run"], int(found["number"]), found["who"].strip())
        for line in message.text.splitlines()
        if (found := _AUDIT.search(line))
    ]


def event_count(audit_reply: Message) -> int:
    """Return how many events the answer to `audit` counts; 0 where it says no number."""
    found = _EVENTS.search(audit_reply.said)
    return int(re.sub(r"\D", "", found[1])) if found else 0
