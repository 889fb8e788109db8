"""One thing that was checked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.errors import VendorError
from workflows.text import N_, Text

GRANTED = N_("granted")


class Level(StrEnum):
    """How bad it is. Only ``WRONG`` means that something needed is missing."""

    OK = "ok"
    WARNING = "warning"
    """The bot goes on without it, and says what it does without."""
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It cannot be told; ``result`` says why."""


@dataclass(frozen=True)
class Finding:
    """What was checked, what came of it, and what to do if it is not right.

    ``check`` is a stable name for programs: the part before the first dot is ``slack``,
    ``hubspot``, ``salesforce`` or ``machine``.
    """

    check: str
    what: Text
    level: Level
    result: Text
    remedy: Text | None = None


def plain(name: str) -> Text:
    """Return a name or a figure as it is, in every language."""
    return Text(msgid="{name}", args={"name": name})


def ok(check: str, what: Text, result: Text) -> Finding:
    """Say that all is well."""
    return Finding(check, what, Level.OK, result)


def wrong(check: str, what: Text, result: Text, remedy: Text) -> Finding:
    """Say that something needed is missing."""
    return Finding(check, what, Level.WRONG, result, remedy)


def warning(check: str, what: Text, result: Text, remedy: Text) -> Finding:
    """Say that something is missing that the bot goes on without."""
    return Finding(check, what, Level.WARNING, result, remedy)


def unknown(check: str, what: Text, result: Text, remedy: Text | None = None) -> Finding:
    """Say that it cannot be told."""
    return Finding(check, what, Level.UNKNOWN, result, remedy)


def untold(check: str, what: Text, missing: str) -> Finding:
    """Say that it cannot be told for want of *missing*, which has a finding of its own."""
    return unknown(check, what, N_("cannot be told without {missing}", missing=missing))


def refused(check: str, what: Text, error: VendorError, remedy: Text | None = None) -> Finding:
    """Say what a service refused, in the words of the error."""
    return wrong(check, what, error.problem, remedy or error.remedy)
