"""The export: complete, signed, and verified by an outsider with the documented lines."""

from __future__ import annotations

import csv
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.audit import export
from bot.store.base import Link
from bot.store.chain import PLAIN
from bot.store.chain import parse as event_of
from tests.attacks import Cases
from tests.audit.ledger import stored

RECORD = stored("waived", PLAIN)
HISTORY = [("R1", Link(event_of(row.body), row.prev, row.hash)) for row in RECORD.events]
DOCS = Path(__file__).parents[2] / "docs" / "audit.md"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (text,) = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len([line for line in text.splitlines() if line and "import" not in line]) <= 10
    path = tmp_path / "outsider.py"
    path.write_text(text)
    return path


def checked(script: Path, file: Path, public: Path) -> int:
    command = [sys.executable, str(script), str(file), str(public)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.attack("6", "a signed export changed, or signed with another key")
def test_an_outsider_finds_what_was_changed(tmp_path: Path, script: Path, cases: Cases) -> None:
    key = export.make_key(tmp_path / "key.pem")
    public = tmp_path / "auditors.pub"
    public.write_bytes(export.public_pem(key))
    file = tmp_path / "record.jsonl"
    content = export.json_lines(HISTORY).encode()
    export.write_signed(file, content, export.load_key(tmp_path / "key.pem"))
    assert checked(script, file, public) == 0
    for changed in (content[:-1], content + b"\n", content.replace(b"run_started", b"run_startet")):
        file.write_bytes(changed)
        assert checked(script, file, public) != 0
        cases.add()
    other = tmp_path / "other.jsonl"
    export.write_signed(other, content, export.make_key(tmp_path / "mallory.pem"))
    assert checked(script, other, public) != 0
    cases.add()


def test_files_are_for_their_owner_and_nothing_is_overwritten(tmp_path: Path) -> None:
    key = export.make_key(tmp_path / "key.pem")
    file = tmp_path / "record.csv"
    written = (file, *export.write_signed(file, b"x", key), tmp_path / "key.pem")
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    for again in (lambda: export.write_signed(file, b"y", key), lambda: export.make_key(file)):
        with pytest.raises(export.ExportError) as refused:
            again()
        assert refused.value.code == "export_exists"
    assert file.read_bytes() == b"x"


def test_half_an_export_is_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "record.csv"
    (tmp_path / "record.csv.pub").write_text("here already")
    with pytest.raises(export.ExportError):
        export.write_signed(file, b"x", export.make_key(tmp_path / "key.pem"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key.pem", "record.csv.pub"]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    export.make_key(path)
    path.chmod(0o640)
    with pytest.raises(export.ExportError) as refused:
        export.load_key(path)
    assert refused.value.code == "key_exposed"


@pytest.mark.parametrize("content", [b"", b"\xff", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(export.ExportError) as refused:
        export.load_key(path)
    assert refused.value.code == "no_signing_key"


def test_the_table_has_every_event_and_no_formula() -> None:
    first = HISTORY[0][1]
    hostile = first.recorded.model_copy(
        update={"actor": first.recorded.actor.model_copy(update={"id": "=HYPERLINK(1)"})}
    )
    rows = list(csv.reader(export.table([("R1", Link(hostile, "", "")), *HISTORY]).splitlines()))
    assert tuple(rows[0]) == export.COLUMNS
    assert len(rows) == len(HISTORY) + 2
    assert rows[1][4] == "'=HYPERLINK(1)"
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row if cell)
