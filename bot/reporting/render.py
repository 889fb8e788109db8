"""A report as one HTML file that needs nothing else, as Markdown, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, get_args

from bot.reporting.document import (
    Cell,
    Code,
    Document,
    Items,
    Mark,
    Pairs,
    Paragraph,
    Part,
    Picture,
    Table,
)
from bot.reporting.model import Report
from bot.reporting.templates import filled
from bot.reporting.wording import document
from handlers.i18n import translator

Format = Literal["html", "markdown", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[Format, str] = {"html": "html", "markdown": "md", "json": "json"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
"""What means something anywhere in a line: CommonMark's signs, and what GitHub makes links of."""
_FIRST = re.compile(r"^([#+=-]|\d+(?=[.)]))")
"""What means something at the beginning of a line: headings, lists, rules."""
_TICKS = re.compile(r"`+")


def rendered(report: Report, kind: Format) -> bytes:
    """Return the report as a file, UTF-8."""
    if kind == "json":
        return report.model_dump_json(indent=1).encode() + b"\n"
    told = document(report)
    text = as_html(told) if kind == "html" else as_markdown(told)
    return text.encode()


def as_html(told: Document) -> str:
    """Write the document as HTML."""
    number = translator(told.language).number
    return filled("report.html", document=told, number=number)


# --- Markdown ------------------------------------------------------------------------------------


def as_markdown(told: Document) -> str:
    """Write the document as Markdown (CommonMark, with GitHub's tables)."""
    number = translator(told.language).number
    lines = [f"# {escaped(told.title)}", "", escaped(told.lead), ""]
    lines += [f"**{escaped(told.outcome.text)}**", ""]
    for section in told.sections:
        lines += [f"## {escaped(section.heading)}", ""]
        for part in section.parts:
            lines += [*_part(part, number), ""]
    return "\n".join([*lines, escaped(told.foot), ""])


def _part(part: Part, number: Callable[[int], str]) -> Iterator[str]:
    match part:
        case Paragraph():
            yield escaped(part.text)
        case Items():
            yield from (f"- {escaped(one)}" for one in part.items)
        case Pairs():
            yield from (f"- **{escaped(term)}:** {_cell(one, number)}" for term, one in part.pairs)
        case Picture():
            yield escaped(part.alt)
        case Table():
            yield f"**{escaped(part.caption)}**"
            yield ""
            yield _row([escaped(one) for one in part.headings])
            yield _row(["---"] * len(part.headings))
            yield from (_row([_cell(one, number) for one in row]) for row in part.rows)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Cell, number: Callable[[int], str]) -> str:
    match value:
        case Mark():
            return f"**{escaped(value.text)}**"
        case Code():
            return _code(value.text)
        case int():
            return number(value)
    return escaped(value)


def _code(text: str) -> str:
    """Write code with more backticks around it than it holds in a row."""
    flat = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(found) for found in _TICKS.findall(flat)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{flat}{space}{fence}" if flat else ""


def escaped(text: str) -> str:
    """Escape text so that Markdown shows it as it is, in one line."""
    return _FIRST.sub(_kept, _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def _kept(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"
