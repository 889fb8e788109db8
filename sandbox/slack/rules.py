"""Rules for JSON values, in the words that Slack uses for a fault, with a JSON pointer.

A rule takes a value, the pointer to it and the list that faults are added to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Faults = list[str]
Rule = Callable[[Any, str, Faults], None]

PLAIN = ("plain_text",)
ANY_TEXT = ("plain_text", "mrkdwn")
TEXT_FIELDS = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}


def fault(faults: Faults, sentence: str, pointer: str) -> None:
    """Add a fault in Slack's notation."""
    faults.append(f"[ERROR] {sentence} [json-pointer:{pointer}]")


def anything(_value: Any, _pointer: str, _faults: Faults) -> None:
    """Accept every value."""


def boolean(value: Any, pointer: str, faults: Faults) -> None:
    """A JSON boolean."""
    if not isinstance(value, bool):
        fault(faults, "must provide a boolean", pointer)


def string(most: int, least: int = 0) -> Rule:
    """A string of *least* to *most* characters."""

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str):
            fault(faults, "must provide a string", pointer)
        elif len(value) > most:
            fault(faults, f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            fault(faults, f"must be more than {least - 1} characters", pointer)

    return rule


def matching(pattern: str, sentence: str) -> Rule:
    """A string that *pattern* matches as a whole."""

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            fault(faults, sentence, pointer)

    return rule


def integer(least: int, most: int) -> Rule:
    """A whole number within limits."""

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            fault(faults, "must provide a number", pointer)
        elif not least <= value <= most:
            fault(faults, f"must be between {least} and {most}", pointer)

    return rule


def one_of(*values: str) -> Rule:
    """One of the words *values*."""

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if value not in values:
            fault(faults, f"must be one of: {', '.join(values)}", pointer)

    return rule


def array(item: Rule, most: int, least: int = 1) -> Rule:
    """A list of *least* to *most* items that each obey *item*."""

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, list):
            fault(faults, "must provide an array", pointer)
            return
        if len(value) > most:
            fault(faults, f"no more than {most} items allowed", pointer)
            return
        if len(value) < least:
            fault(faults, f"no less than {least} items allowed", pointer)
        for index, entry in enumerate(value):
            item(entry, f"{pointer}/{index}", faults)

    return rule


def text(most: int, kinds: tuple[str, ...] = ANY_TEXT, least: int = 1) -> Rule:
    """A text object of one of *kinds*, of *least* to *most* characters."""
    length = string(most, least)

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            fault(faults, "must provide an object", pointer)
            return
        kind = value.get("type")
        if kind not in kinds:
            fault(faults, f"must be one of: {', '.join(kinds)}", f"{pointer}/type")
            return
        unknown_fields(value, TEXT_FIELDS[kind], pointer, faults)
        if "text" not in value:
            fault(faults, "missing required field: text", pointer)
        else:
            length(value["text"], f"{pointer}/text", faults)
        for flag in ("emoji", "verbatim"):
            if flag in value:
                boolean(value[flag], f"{pointer}/{flag}", faults)

    return rule


def shape(required: Mapping[str, Rule], optional: Mapping[str, Rule], *also: Rule) -> Rule:
    """An object with these fields and no others, then the rules *also*."""
    fields = {**required, **optional}
    known = set(fields)

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            fault(faults, "must provide an object", pointer)
            return
        before = len(faults)
        unknown_fields(value, known, pointer, faults)
        for name in required:
            if value.get(name) is None:
                fault(faults, f"missing required field: {name}", pointer)
        for name, entry in value.items():
            if name in fields and entry is not None:
                fields[name](entry, f"{pointer}/{name}", faults)
        if len(faults) == before:
            for more in also:
                more(value, pointer, faults)

    return rule


def unknown_fields(value: dict[str, Any], known: set[str], pointer: str, faults: Faults) -> None:
    """Refuse what Slack does not know."""
    for name in value:
        if name not in known:
            fault(faults, f"invalid additional property: {name}", pointer)
