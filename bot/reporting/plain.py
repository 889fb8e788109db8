"""Slack's notation made plain, people's names, and times and durations as a paper shows them."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from babel.dates import format_datetime
from babel.lists import format_list
from babel.units import format_unit

from handlers.i18n import Translator, flattened
from workflows.values import Actor

NAME = 120
"""Characters of a name."""
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_MENTION = re.compile(r"<@([A-Za-z0-9_]{1,64})(?:\|[^>]*)?>")
_LINK = re.compile(r"<[^|<>]+\|([^<>]*)>")
_BOLD = re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def plain(mrkdwn: str, names: Mapping[str, str]) -> str:
    """Turn a sentence in Slack's notation into plain words; times are in UTC and say so."""
    text = _DATE.sub(r"\1", mrkdwn)
    text = _MENTION.sub(lambda found: escaped(labelled(found[1], names)), text)
    text = _LINK.sub(r"\1", text)
    text = _CODE.sub(r"\1", _BOLD.sub(r"\1", text))
    return html.unescape(text)


def escaped(text: str) -> str:
    """Escape what :func:`plain` takes back."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cleaned(text: str, most: int = NAME) -> str:
    """Make text from outside one line that reads one way, of at most *most* characters."""
    flat = flattened(text).strip()
    return flat if len(flat) <= most else f"{flat[: most - 1].rstrip()}…"


def labelled(user_id: str, names: Mapping[str, str]) -> str:
    """Name somebody; by name and id where the name is not theirs alone, by id where it is none."""
    name = names.get(user_id, "")
    if not name:
        return user_id
    alone = Counter(map(str.casefold, names.values()))[name.casefold()] == 1
    return name if alone else f"{name} ({user_id})"


def identified(user_id: str, names: Mapping[str, str]) -> str:
    """Name somebody with the id, which is what is recorded."""
    name = names.get(user_id, "")
    return f"{name} ({user_id})" if name else user_id


def who(actor: Actor, names: Mapping[str, str], tr: Translator) -> str:
    """Name who did something: a person, Sunset itself, or the command line."""
    if actor.kind == "person":
        return labelled(actor.id, names)
    if actor.kind == "console":
        return tr("command line ({name})", name=cleaned(actor.id))
    return "Sunset"


def listed(names: list[str], tr: Translator) -> str:
    """Write several names as a list of the language; a dash for none."""
    return format_list(names, locale=tr.language) if names else "–"


def when(at: datetime, tr: Translator, *, seconds: bool = False) -> str:
    """Write a time in UTC, which it names."""
    pattern = "d MMM y, HH:mm:ss 'UTC'" if seconds else "d MMM y, HH:mm 'UTC'"
    return format_datetime(at.astimezone(UTC), pattern, locale=tr.language)


def lasting(length: timedelta, tr: Translator) -> str:
    """Write a length of time in its two largest units: `2 days, 3 hr`."""
    rest, parts = max(0, round(length.total_seconds())), list[str]()
    first: int | None = None
    for number, (unit, seconds) in enumerate(_UNITS):
        count, rest = divmod(rest, seconds)
        if first is None and (count or unit == "second"):
            first = number
        if first is not None and number <= first + 1 and (count or number == first):
            parts.append(format_unit(count, f"duration-{unit}", "short", locale=tr.language))
    return " ".join(parts)
