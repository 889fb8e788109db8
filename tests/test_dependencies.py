"""What others made and we ship or run: pinned, hashed, declared, and free to be used.

Whether any of it is known to be vulnerable is asked by `make audit`, since that needs the Internet.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.attacks import Cases

ROOT = Path(__file__).parents[1]
FILES = ("requirements.txt", "requirements-dev.txt", "requirements-audit.txt")
HALVES = {"pydantic-core": "pydantic"}
"""What another needs in exactly one version, and documents as its own."""
OURS = frozenset({"bench", "bot", "handlers", "sandbox", "tests", "workflows"})
_PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[\w.!+-]+)(?: ; [^\\]+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
FREE = re.compile(
    r"MIT|MIT-0|BSD|Apache|ISC|PSF|Python Software Foundation|Public Domain|Unlicense"
    # Weak copyleft, of its own files alone; certifi is used as it is.
    r"|MPL|Mozilla Public License"
)
BINDING = re.compile(r"\b[AL]?GPL|General Public License|SSPL|Commons Clause|proprietary", re.I)


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {**found["project"]}


def requirements(file: str) -> Iterator[str]:
    """Yield each requirement with its options, on one line, without comments."""
    text = re.sub(r"(?m)^\s*#.*\n?", "", (ROOT / file).read_text("utf-8"))
    yield from filter(None, map(str.strip, text.replace("\\\n", " ").splitlines()))


def pins(file: str) -> dict[str, str]:
    found = {}
    for line in requirements(file):
        pin = _PIN.match(line)
        assert pin, line
        found[pin["name"]] = pin["version"]
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(wanted: list[str]) -> set[str]:
    return {canonical(re.split(r"[\[<>=!~ ;]", one)[0]) for one in wanted}


def imported(*packages: str) -> dict[str, Path]:
    """Return every module of others that these packages import, with where."""
    found: dict[str, Path] = {}
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names = [str(node.module)]
                found |= {name.partition(".")[0]: path for name in names}
    return {
        name: path
        for name, path in found.items()
        if name not in OURS and name not in sys.stdlib_module_names
    }


@pytest.mark.attack("secrets", "every dependency pinned by hash, declared, and freely licensed")
@pytest.mark.parametrize("file", FILES)
def test_every_requirement_is_pinned_with_hashes(file: str, cases: Cases) -> None:
    for line in requirements(file):
        rest = _PIN.sub("", line, count=1)
        assert _PIN.match(line), line
        assert _HASH.search(rest), line
        assert not _HASH.sub("", rest).strip(), line
        cases.add()
    text = (ROOT / file).read_text("utf-8")
    for word in ("://", "index-url", "find-links", "trusted-host", " @ ", "-e ", "git+"):
        assert word not in text, word


def test_both_environments_have_the_same_versions() -> None:
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime.items() <= development.items()


def test_everything_that_is_declared_is_pinned() -> None:
    wanted = project()
    assert declared(wanted["dependencies"]) <= pins("requirements.txt").keys()
    assert declared(wanted["optional-dependencies"]["dev"]) <= pins("requirements-dev.txt").keys()
    audit = (ROOT / "requirements-audit.in").read_text("utf-8")
    names = [line for line in audit.splitlines() if not line.startswith("#")]
    assert declared(names) <= pins("requirements-audit.txt").keys()


@pytest.mark.parametrize(
    ("packages", "extra"),
    [
        (("workflows", "handlers", "bot", "sandbox"), False),
        (("bench", "tests"), True),
    ],
    ids=["what ships", "development"],
)
def test_nothing_is_imported_that_is_not_declared(packages: tuple[str, ...], extra: bool) -> None:
    wanted = project()
    known = declared(wanted["dependencies"])
    if extra:
        known |= declared(wanted["optional-dependencies"]["dev"])
    owners = metadata.packages_distributions()
    for module, path in imported(*packages).items():
        names = {canonical(name) for name in owners.get(module, [])}
        names |= {HALVES[name] for name in names if name in HALVES}
        assert names & known, f"{path.relative_to(ROOT)} imports {module}"


def test_what_ships_may_be_given_away_under_mit(cases: Cases) -> None:
    for name in pins("requirements.txt"):
        told = metadata.metadata(name)
        kinds = told.get_all("Classifier") or []
        said = [told["License-Expression"], (told["License"] or "").partition("\n")[0]]
        said += [kind for kind in kinds if kind.startswith("License ::")]
        licence = "; ".join(filter(None, said))
        assert FREE.search(licence), f"{name}: {licence!r}"
        assert not BINDING.search(licence), f"{name}: {licence!r}"
        cases.add()
