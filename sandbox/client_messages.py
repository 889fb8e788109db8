"""What the sandbox's JSON API answers, as values: messages, elements, replies, refusals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Json = dict[str, Any]


class Refused(Exception):
    """The sandbox did not do what was asked; `code` is stable, the text is a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotSeen(Exception):
    """What was waited for did not come in time; the text names it and shows what there was."""


class Place(NamedTuple):
    """Where people look: a channel (or a person's id: their direct messages), and a thread."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True)
class Reply:
    """What became of a command, click or submission.

    `acknowledged` says whether the app answered Slack within 3 seconds; `sent` is false where
    Slack's client kept it to itself (a required field left empty). `errors` is
    `{block_id: sentence}`, `action` the app's `response_action`.
    """

    acknowledged: bool
    sent: bool
    milliseconds: float | None
    response: Any
    errors: dict[str, str]
    action: str | None

    @classmethod
    def of(cls, answer: Json) -> Reply:
        """Read the JSON API's answer."""
        return cls(
            acknowledged=bool(answer.get("acknowledged")),
            sent=bool(answer.get("sent", True)),
            milliseconds=answer.get("milliseconds"),
            response=answer.get("response"),
            errors=dict(answer.get("errors") or {}),
            action=answer.get("response_action"),
        )


class Element(NamedTuple):
    """An interactive element with the id of the block that it is in."""

    block_id: str
    action_id: str
    definition: Json


def elements(blocks: Sequence[Json]) -> Iterator[Element]:
    """Yield the interactive elements of *blocks*, in the order in which they are shown."""
    for block in blocks:
        inside = [*(block.get("elements") or ()), block.get("accessory"), block.get("element")]
        for element in inside:
            if isinstance(element, dict) and "action_id" in element:
                yield Element(str(block.get("block_id", "")), element["action_id"], element)


def texts(node: Any) -> Iterator[str]:
    """Yield every text in blocks, in order: what a person reads."""
    if isinstance(node, list):
        for item in node:
            yield from texts(item)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for key, value in node.items():
            if isinstance(value, dict | list) and key not in {"confirm", "state"}:
                yield from texts(value)


@dataclass(frozen=True)
class Message:
    """A message as somebody sees it; `raw` is all that the JSON API says about it."""

    raw: Json

    @property
    def ts(self) -> str:
        """Slack's timestamp: the message's id in its channel."""
        return str(self.raw["ts"])

    @property
    def channel(self) -> str:
        """The id of the channel that it is in."""
        return str(self.raw["channel"])

    @property
    def text(self) -> str:
        """The text that notifications show."""
        return str(self.raw.get("text") or "")

    @property
    def blocks(self) -> list[Json]:
        """Its blocks; none for plain messages."""
        return list(self.raw.get("blocks") or [])

    @property
    def ephemeral(self) -> bool:
        """Whether only the viewer sees it."""
        return bool(self.raw.get("ephemeral"))

    @property
    def by_bot(self) -> bool:
        """Whether the app posted it."""
        return self.raw.get("bot_id") is not None

    @property
    def scheduled(self) -> bool:
        """Whether Slack posted it at a time that was set before."""
        return bool(self.raw.get("scheduled"))

    @property
    def payload(self) -> Json:
        """The `event_payload` of its metadata."""
        return dict((self.raw.get("metadata") or {}).get("event_payload") or {})

    @property
    def files(self) -> list[Json]:
        """The files in it: `{id, name, size, …}`."""
        return list(self.raw.get("files") or [])

    @cached_property
    def said(self) -> str:
        """Everything that can be read in it, its blocks first."""
        return "\n".join([*texts(self.blocks), self.text])

    def element(self, action_id: str) -> Element | None:
        """Return the first element with this id."""
        return next((one for one in elements(self.blocks) if one.action_id == action_id), None)

    @property
    def actions(self) -> frozenset[str]:
        """The ids of all its elements."""
        return frozenset(one.action_id for one in elements(self.blocks))
