"""The state diagram in the documentation is the one that the table makes."""

from __future__ import annotations

import re
from pathlib import Path

from workflows.decide import ALLOWED
from workflows.diagram import mermaid
from workflows.states import FINAL, State

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
BEGIN, END = "<!-- diagram -->", "<!-- /diagram -->"


def test_the_page_shows_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    shown = text.partition(BEGIN)[2].partition(END)[0]
    assert shown.strip() == f"```mermaid\n{mermaid().rstrip()}\n```", (
        "stale: put what `python -m workflows.diagram` prints between the markers, as mermaid"
    )


def test_every_way_in_the_table_is_an_arrow() -> None:
    arrows: dict[tuple[str, str], set[str]] = {}
    for start, end, names in re.findall(r"^    (\w+) --> (\w+): (.+)$", mermaid(), re.MULTILINE):
        arrows.setdefault((start, end), set()).update(names.split(", "))
    expected: dict[tuple[str, str], set[str]] = {}
    for (state, action), (_, targets) in ALLOWED.items():
        for target in targets - {state}:
            expected.setdefault((state.value, target.value), set()).add(action.__name__)
    assert arrows == expected


def test_begins_with_planning_and_ends_in_the_final_states() -> None:
    assert f"[*] --> {State.PLANNING}: StartRun" in mermaid()
    ends = set(re.findall(r"^    (\w+) --> \[\*\]$", mermaid(), re.MULTILINE))
    assert ends == {state.value for state in FINAL}
