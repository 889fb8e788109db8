"""docs/reliability.md names every attack that the tests make, and no other."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
ROW = re.compile(r"^\| (\w+) \| (.+?) \| ([\d,]+) \| (.+?) \| `pytest -m attack (.+?)` \|$", re.M)


def attacks_of(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.attack":
            promise, how = (said(argument, path) for argument in node.args)
            yield promise, how


def said(argument: ast.expr, path: Path) -> str:
    """Return what an argument says: a text, or what its module calls by that name."""
    if isinstance(argument, ast.Name | ast.Attribute):
        name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        return str(attrgetter(ast.unparse(argument))(importlib.import_module(name)))
    return str(ast.literal_eval(argument))


def test_the_table_is_that_of_the_tests() -> None:
    declared = {
        (*attack, path.relative_to(ROOT).as_posix())
        for path in (ROOT / "tests").rglob("test_*.py")
        for attack in attacks_of(path)
    }
    rows = ROW.findall(PAGE.read_text("utf-8"))
    listed = {(promise, how, file) for promise, how, _, _, files in rows for file in files.split()}
    assert listed == declared, "run `make reliability`"


def test_every_promise_holds_and_was_tried() -> None:
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert {promise for promise, *_ in rows} == {*"1234567", "access", "secrets"}
    for promise, how, cases, result, _ in rows:
        assert result == "holds", (promise, how)
        assert int(cases.replace(",", "")) > 0, (promise, how)
