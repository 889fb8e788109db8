"""Babel finds every sentence: what the code says is what translators are given.

Babel reads tokens, not syntax. A sentence is lost, or loses its plural, where `tr` stands inside
another call's parentheses within a sentence's own: work such arguments out before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file

ROOT = Path(__file__).parents[2]
KEYWORDS = {**DEFAULT_KEYWORDS, "tr": None, "plural": (1, 2), "N_": None}
FILES = sorted(
    path for package in ("handlers", "workflows", "bot") for path in (ROOT / package).rglob("*.py")
)
Found = set[str | tuple[str, ...]]


def _said(path: Path) -> tuple[Found, list[str]]:
    """Return what `tr`, `tr.plural` and `N_` are called with, and calls without a literal."""
    said: Found = set()
    strange: list[str] = []
    for call in _calls(path):
        name = ast.unparse(call.func).rsplit(".", 1)[-1]
        wanted = {"tr": 1, "N_": 1, "plural": 2}.get(name, 0)
        if not wanted:
            continue
        given = [arg.value for arg in call.args[:wanted] if isinstance(arg, ast.Constant)]
        texts = tuple(str(value) for value in given)
        if len(texts) != wanted:
            strange.append(f"{path.name}:{call.lineno}")
        else:
            said.add(texts[0] if wanted == 1 else texts)
    return said, strange


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_babel_finds_what_is_said(path: Path) -> None:
    said, strange = _said(path)
    assert strange == [], "a sentence has to stand as a literal where it is said"
    found = {entry[1] for entry in extract_from_file("python", path, keywords=KEYWORDS)}
    assert said <= found
