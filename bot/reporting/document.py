"""What a report looks like before it is HTML or Markdown: sections of paragraphs and tables.

Both are written from the same document, so that neither says less than the other. All texts are
plain; whoever writes them out escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Tone = Literal["good", "said", "bad", "open", "quiet"]


@dataclass(frozen=True)
class Mark:
    """A word that is set apart; the tone says how, and never more than the word does."""

    text: str
    tone: Tone


@dataclass(frozen=True)
class Code:
    """A text that is meant for machines."""

    text: str


Cell: TypeAlias = "str | int | Mark | Code"


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; of one tone, where they are a warning."""

    text: str
    tone: Tone | None = None


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """Terms with what is to be said about each."""

    pairs: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Table:
    """Rows under headings. The first cell of each row names it; numbers stand at the right.

    ``last_sums``: the last row adds the others up.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    last_sums: bool = False


@dataclass(frozen=True)
class Picture:
    """An SVG drawing and, in words, what it shows."""

    svg: str
    alt: str


Part: TypeAlias = Paragraph | Items | Pairs | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    heading: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Document:
    """A whole report. ``outcome`` is the sentence that a reader in a hurry needs."""

    language: str
    title: str
    outcome: Mark
    lead: str
    sections: tuple[Section, ...] = field(default=())
    foot: str = ""
