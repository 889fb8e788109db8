"""Rows are counted as a reader of CSV counts them, however the bytes arrive."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.backup.scanner import PageScanner, Unsound
from tests.backup.stock import HOSTILE

FIELDS = ("Id", "Name")
CELLS = st.one_of(st.sampled_from(HOSTILE[:-2]), st.text('",\n\r;=ł a', max_size=6))
TABLES = st.lists(st.tuples(CELLS, CELLS), max_size=6)


def written(rows: list[tuple[str, str]], end: str = "\n") -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator=end)
    writer.writerow(FIELDS)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def scanned(data: bytes, sizes: list[int], *, first: bool) -> tuple[bytes, int]:
    scanner = PageScanner(FIELDS, first=first)
    out = b""
    for size in sizes:
        out += scanner.feed(data[:size])
        data = data[size:]
    out += scanner.feed(data) + scanner.end()
    return out, scanner.rows


@settings(max_examples=150, deadline=None)
@given(TABLES, TABLES, st.lists(st.integers(0, 9), max_size=30), st.booleans())
def test_two_pages_make_one_file(
    one: list[tuple[str, str]], two: list[tuple[str, str]], sizes: list[int], ended: bool
) -> None:
    pages = [written(one), written(two)]
    if not ended:
        pages = [page[:-1] for page in pages]
    first, rows = scanned(pages[0], sizes, first=True)
    second, more = scanned(pages[1], sizes, first=False)
    assert (rows, more) == (len(one), len(two))
    read = list(csv.reader(io.StringIO((first + second).decode(), newline=""), strict=True))
    assert [tuple(row) for row in read] == [FIELDS, *one, *two]


def test_an_empty_answer_becomes_a_heading() -> None:
    assert scanned(b"", [], first=True) == (b'"Id","Name"\n', 0)
    assert scanned(b"", [], first=False) == (b"", 0)


def test_the_heading_may_be_written_otherwise() -> None:
    assert scanned(b"id,NAME\r\n", [], first=True) == (b'"Id","Name"\n', 0)
    assert scanned(b"Id,Name\n1,a\n", [3], first=False) == (b"1,a\n", 1)


@pytest.mark.parametrize("page", [b"<html>\n", b"<html>", b'"Id"\n', b'"Id","Name"\n"1","a'])
def test_what_is_no_page_is_refused(page: bytes) -> None:
    with pytest.raises(Unsound):
        scanned(page, [], first=True)


def test_a_heading_without_end_does_not_fill_the_memory() -> None:
    with pytest.raises(Unsound):
        scanned(b"x" * 6_000_000, [65_536] * 90, first=True)
