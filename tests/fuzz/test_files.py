"""Files as weapons: bombs, broken and endless tables, compressed answers, formulas, names."""

from __future__ import annotations

import csv
import gzip
import io
import re
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.vendors import slack_files
from handlers import inventory_file, mapping_file, tables
from handlers.modals import mapping_file as modals
from tests.attacks import Cases
from tests.bot.vendors.scripted import scripted
from tests.fuzz.poison import EVIL, poisoned
from tests.handlers.engine import FakeOwners
from tests.handlers.runs import Story, owners, tell
from tests.handlers.views.looks import EN
from workflows.errors import SunsetError
from workflows.prompts import Ask
from workflows.values import Owner

BOMBS = "archives and tables that explode: bounded time and memory, one refusal"
INJECTION = "injection: SOQL, filters, addresses, CSV formulas, names of files"
MOST = mapping_file.MOST_BYTES
HEAD = b"owner_id,new_owner\r\n"
SECONDS, MEMORY = 5.0, 50_000_000
"""Of CPU, on a busy machine; bytes at the peak."""


def filled(piece: bytes, head: bytes = HEAD) -> bytes:
    """Return a file of the most bytes that are taken in, made of one piece again and again."""
    return head + piece * ((MOST - len(head)) // len(piece))


def workbook() -> bytes:
    """Return a workbook of a few kilobytes that unpacks to a thousand times as much."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
        archive.writestr("xl/workbook.xml", entity + "<x>&b;</x>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<c>0</c>" * 1_000_000)
        archive.writestr("../../../etc/cron.d/evil", "* * * * * root true")
    return file.getvalue()


REFUSED = {
    "workbook": workbook(),
    "empty archive": b"PK\x05\x06" + b"\0" * 18,
    "gzip": gzip.compress(b"0" * 50_000_000),
    "zlib": zlib.compress(HEAD * 1_000),
    "old workbook": b"\xd0\xcf\x11\xe0" + b"\0" * 5_000,
    "zeros": b"\0" * MOST,
    "blank": b" " * MOST,
    "line ends": b"\r" * MOST,
    "quotes": b'"' * (MOST - 1),
    "empty quotes": filled(b'""'),
    "quote left open": filled(b"a", HEAD + b'"'),
    "empty rows": filled(b"\r\n"),
    "rows of nothing": filled(b",\r\n"),
    "too many rows": filled(b"1,a\r\n"),
    "one giant cell": filled(b"a;", HEAD + b"100,"),
    "one large cell": HEAD + b"100," + b"a;" * 49_000,
    "kinds": HEAD + b"100," + b"a=b;" * 24_000,
    "halves of characters": b"\xff\xfe" + b"\0\xd8" * 490_000,
    "separators": b"sep=" * 240_000,
    "too large": filled(b"x") + b"x" * 1_000,
    "numbers": HEAD + b"9" * 90_000 + b",hanna@example.com\r\n",
    "a long address": HEAD + b"100," + b"a" * 45_000 + b"@" + b"a" * 45_000,
    "exponents": HEAD + b"100," + b"1" * 4_000 + b"e+9\r\n",
}


@pytest.mark.attack("7", BOMBS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused_in_bounded_time(name: str, cases: Cases) -> None:
    run = tell(Ask.MAP_OWNERS).run
    began = time.process_time()
    with pytest.raises(mapping_file.FileRefused) as refused:
        mapping_file.read(REFUSED[name], run, FakeOwners())
    assert time.process_time() - began < SECONDS
    lines = modals.fault_lines(refused.value.faults, EN)
    assert 0 < len("\n".join(lines)) < 30_000
    cases.add()


@pytest.mark.attack("7", BOMBS)
@pytest.mark.parametrize("name", ["workbook", "gzip", "too many rows", "one giant cell", "quotes"])
def test_a_bomb_is_refused_in_bounded_memory(name: str, cases: Cases) -> None:
    run = tell(Ask.MAP_OWNERS).run
    tracemalloc.start()
    try:
        with pytest.raises(mapping_file.FileRefused):
            mapping_file.read(REFUSED[name], run, FakeOwners())
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    cases.add()


class Many(FakeOwners):
    """A large account."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.owners = [
            Owner(id=str(500_000 + one), name=f"N{one}", email=f"e{one}@x.example")
            for one in range(number)
        ]
        self._by_id = {owner.id: owner for owner in self.owners}

    def get(self, owner_id: str) -> Owner | None:
        return self._by_id.get(owner_id)


@pytest.mark.attack("7", BOMBS)
def test_a_large_account_is_read_in_linear_time(cases: Cases) -> None:
    number = 3_000
    run = tell(Ask.MAP_OWNERS, Story(owned=owners(number))).run
    many = Many(number)
    ids = [owned.owner.id for owned in run.owners]
    files = {
        "right": "".join(f"{old},{new.email}\n" for old, new in zip(ids, many.owners, strict=True)),
        "wrong": "".join(f"{old},zz{old}@x.example\n" for old in ids),
        "strangers": "".join(
            f"x{old},{new.id}\n" for old, new in zip(ids, many.owners, strict=True)
        ),
        "crowded": "".join(
            f"{old},{';'.join(str(500_000 + one) for one in range(12_000))}\n" for old in ids[:8]
        ),
    }
    for name, text in files.items():
        began = time.process_time()
        try:
            taken = len(mapping_file.read(HEAD + text.encode(), run, many))
        except mapping_file.FileRefused as refused:
            taken = -len(refused.faults)
        assert time.process_time() - began < SECONDS, name
        expected = {"right": number, "wrong": -number, "strangers": -number, "crowded": -8}
        assert taken == expected[name]
        cases.add()


@pytest.mark.attack("7", BOMBS)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_a_compressed_answer_is_unpacked_no_further_than_it_may_be(encoding: str) -> None:
    zeros = b"0" * 60_000_000
    packed = {"gzip": gzip.compress(zeros), "deflate": zlib.compress(zeros), "identity": zeros}
    bomb = packed[encoding]
    reply = (200, bomb, {"Content-Type": "text/csv", "Content-Encoding": encoding})
    with scripted(lambda asked: reply) as script:
        tracemalloc.start()
        try:
            with pytest.raises(SunsetError) as refused:
                slack_files.fetch(f"{script.url}/f.csv", "x", f"{script.url}/api/", 100_000)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert refused.value.code == "file_too_large"
    # The server's own copy is counted too.
    assert peak < 20_000_000 + len(bomb)


# --- what is written ------------------------------------------------------------------------------

WRITER = re.compile(r"\bcsv\.(Dict)?[Ww]riter\b|\bfrom csv\b")
CELL = st.text(st.sampled_from("=+-@\t\r\n＝＋－＠'\" ;,a1\x00\ud800ł"), max_size=12)


@pytest.mark.attack("7", INJECTION)
def test_no_cell_is_a_formula_and_none_is_changed(cases: Cases) -> None:
    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=4))
    def written(rows: list[list[str]]) -> None:
        for delimiter in (tables.COMMA, tables.SEMICOLON, tables.TAB):
            data = tables.encoded(rows, delimiter).decode("utf-8-sig")
            back = list(csv.reader(io.StringIO(data, newline=""), delimiter=delimiter, strict=True))
            assert len(back) == len(rows)
            for cells, told in zip(back, rows, strict=True):
                assert len(cells) == len(told)
                for cell, text in zip(cells, told, strict=True):
                    assert not cell.startswith(tables.FORMULA)
                    plain = text.replace("\x00", "").encode(errors="replace").decode()
                    assert cell in (plain, f"'{plain}")
        cases.add(len(rows))

    written()


@pytest.mark.attack("7", INJECTION)
@pytest.mark.parametrize("evil", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "\t=1", EVIL])
def test_the_files_for_people_hold_no_formulas(evil: str, cases: Cases) -> None:
    listed = poisoned(tell(Ask.CHOOSE_DATA_COPY).run, text=evil)
    mapped = poisoned(tell(Ask.MAP_OWNERS).run, text=evil)
    for data in (inventory_file.made(listed, EN), mapping_file.made(mapped, EN)):
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        assert len({len(row) for row in rows}) == 1, "a cell broke out of its row"
        assert any(evil.strip() in cell for row in rows for cell in row)
        assert not any(cell.startswith(tables.FORMULA) for row in rows for cell in row)
        cases.add()


def test_nobody_else_writes_tables() -> None:
    """What backups hold is Salesforce's own, byte for byte; all other tables are guarded."""
    root = Path(__file__).parents[2]
    found = set()
    for path in (one for part in ("bot", "handlers") for one in (root / part).rglob("*.py")):
        if WRITER.search(path.read_text(encoding="utf-8")):
            found.add(path.relative_to(root).as_posix())
    assert found == {"handlers/tables.py", "bot/audit/export.py"}
    export = (root / "bot" / "audit" / "export.py").read_text(encoding="utf-8")
    assert "from handlers.tables import guarded" in export


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.attack("7", INJECTION)
@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "C:\\x", "a\x00.csv", "CON", "x" * 5_000, "\u202evsc.exe"],
)
def test_an_uploaded_files_name_is_never_used(name: str, cases: Cases) -> None:
    file = {"id": "F1", "name": name, "title": name, "url_private": f"file://{name}"}
    values = {"file": {"value": {"files": [file]}}}
    assert modals.file_of({"view": {"state": {"values": values}}}) == "F1"
    with pytest.raises(SunsetError) as refused:
        slack_files.fetch(f"file://{name}", "x", "https://slack.com/api/", 10)
    assert refused.value.code == "file_elsewhere"
    cases.add(2)
