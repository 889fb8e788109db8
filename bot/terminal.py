"""The terminal that the command line writes to: names from outside cannot steer it.

Control characters, escape sequences and those that turn the direction of text are left out of
everything that is printed, wherever it comes from. JSON is for programs: there they are written as
escapes, so that nothing is lost.
"""

from __future__ import annotations

import re
from typing import Any

from rich.console import (
    Console,
    ConsoleOptions,
    ConsoleRenderable,
    RenderableType,
    RenderHook,
    RenderResult,
)
from rich.measure import Measurement
from rich.segment import Segment

from handlers.i18n import flattened

_OF_SEVERAL_LINES = frozenset({"exception", "stack"})
_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Return *text* without what steers a terminal; its lines stay."""
    return _STEERING.sub("", text)


def harmless_event(logger: Any, name: str, event: Any) -> Any:  # noqa: ARG001 - structlog's
    """Let nothing in a log line begin a line of its own, apart from tracebacks (structlog's)."""
    return {
        key: (harmless(value) if key in _OF_SEVERAL_LINES else flattened(value))
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }


class Harmless:
    """Something to be printed, without what steers a terminal; rich's own control codes stay."""

    def __init__(self, shown: RenderableType) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._shown, options):
            if segment.control:
                yield segment
            else:
                yield Segment(harmless(segment.text), segment.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._shown)


class _MakeHarmless(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Make what is about to be printed harmless."""
        return [Harmless(one) for one in renderables]


class Terminal(Console):
    """A console that prints only what is harmless. What Live draws has to be made so before."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.push_render_hook(_MakeHarmless())

    def print_json(self, json: str | None = None, **given: Any) -> None:
        """Print JSON in ASCII: it is the same to programs, and means nothing to a terminal."""
        super().print_json(json, **{"ensure_ascii": True, **given})
