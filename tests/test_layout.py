"""Imports run one way, the rules are pure, and the bot does not know of the sandbox."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = frozenset({"workflows", "handlers", "bot", "sandbox", "bench", "tests"})
MAY_IMPORT = {
    "workflows": frozenset({"workflows"}),
    "handlers": frozenset({"handlers", "workflows"}),
    "bot": frozenset({"bot", "handlers", "workflows"}),
}
"""Which of our own packages each package may import (design.md, "The picture")."""

DOORS = frozenset(
    {
        *("asyncio", "builtins", "ctypes", "ftplib", "glob", "http", "importlib", "io"),
        *("logging", "multiprocessing", "os", "pathlib", "random", "sched", "secrets"),
        *("select", "shelve", "shutil", "signal", "smtplib", "socket", "socketserver"),
        *("sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib", "uuid"),
    }
)
"""Modules of the standard library that let the world in, or leave by chance."""
DOOR_CALLS = frozenset({"open", "input", "exec", "eval", "compile", "__import__"})
CLOCK_CALLS = frozenset({"now", "utcnow", "today", "time", "monotonic", "perf_counter"})
CLOCKS = frozenset({"datetime", "date", "time"})

DEMO = ROOT / "bot" / "demo.py"
"""The one module that starts the sandbox, as a process of its own."""
SALESFORCE_WORDS = re.compile(r"org_is_sandbox|IsSandbox")
"""Salesforce's own name for a test organisation; not our sandbox."""


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def every(*packages: str) -> list[Path]:
    return [path for package in packages for path in modules(package)]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the top-level name of everything that is imported, wherever in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield package if node.level else (node.module or "").partition(".")[0]


def prose(tree: ast.Module) -> set[ast.AST]:
    """Return the texts that people read: documentation, and sentences to be translated."""
    said: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as text):
                said.add(text)
            case ast.Call(
                func=ast.Name(id="tr" | "N_") | ast.Attribute(value=ast.Name(id="tr")),
                args=sentences,
            ):
                said.update(sentences)
    return said


def words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every name and text of the code, without comments and what people read."""
    said = prose(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word):
                yield line, word
            case ast.keyword(arg=str(word)) | ast.alias(name=word):
                yield line, word
            case ast.FunctionDef(name=word) | ast.ClassDef(name=word):
                yield line, word
            case ast.ImportFrom(module=str(word)):
                yield line, word
            case ast.Constant(value=str(word)) if node not in said:
                yield line, word


@pytest.mark.parametrize("path", every("workflows", "handlers", "bot"), ids=name)
def test_imports_run_one_way(path: Path) -> None:
    package = name(path).partition("/")[0]
    ours = set(imported(parsed(path), package)) & OURS
    assert ours <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", every("workflows"), ids=name)
def test_the_rules_are_pure(path: Path) -> None:
    tree = parsed(path)
    used = set(imported(tree, "workflows"))
    assert used <= sys.stdlib_module_names | {"pydantic", "workflows"}
    assert not used & DOORS
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called)):
                assert called not in DOOR_CALLS, f"{name(path)}:{node.lineno}"
            case ast.Attribute(value=ast.Name(id=of), attr=called) if of in CLOCKS:
                assert called not in CLOCK_CALLS, f"{name(path)}:{node.lineno}"


@pytest.mark.parametrize(
    "path", [path for path in every("bot", "handlers") if path != DEMO], ids=name
)
def test_the_bot_does_not_know_that_it_is_in_a_sandbox(path: Path) -> None:
    found = [
        f"{name(path)}:{line}: {word}"
        for line, word in words(parsed(path))
        if "sandbox" in SALESFORCE_WORDS.sub("", word).lower()
    ]
    assert not found


def test_these_rules_see_what_they_forbid() -> None:
    tree = ast.parse("def f():\n    from sandbox.world import World\n    import bench.ack\n")
    assert {"sandbox", "bench"} <= set(imported(tree, "bot"))
    code = '"""No sandbox."""\nIN_SANDBOX = run("-m", "sandbox", tr("a sandbox"))  # sandbox\n'
    assert [word for _, word in words(ast.parse(code)) if "sandbox" in word.lower()] == [
        "IN_SANDBOX",
        "sandbox",
    ]
