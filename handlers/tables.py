"""CSV as spreadsheets read and write it: encodings, delimiters, quotes, and no formulas.

Pure. What is written opens in a spreadsheet by a double click; what is read may have been saved by
one: with a byte order mark or as UTF-16, with semicolons or tabs, with empty rows at the end.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workflows.text import N_, Text

COMMA, SEMICOLON, TAB = ",", ";", "\t"
LONGEST_CELL = 100_000
"""Characters; a quotation mark that is not closed makes one cell of the rest of the file."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins with one of these may be carried out when a spreadsheet opens the file."""
SEMICOLON_LANGUAGES = frozenset({"pl"})
"""Where the comma is the decimal mark, spreadsheets split cells at semicolons."""

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?\r?\n?', re.IGNORECASE)
_GUARDED = re.compile(r"'[=+\-@\t\r\n＝＋－＠]")


class NotATable(ValueError):
    """A file that cannot be read as a table; ``text`` says why and what to do."""

    def __init__(self, text: Text, row: int = 0) -> None:
        super().__init__(str(text))
        self.text = text
        self.row = row


@dataclass(frozen=True)
class Table:
    """A header, and rows with their numbers as a spreadsheet shows them (the header is row 1)."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def delimiter_for(language: str) -> str:
    """Return what spreadsheets of this language split cells at."""
    return SEMICOLON if language in SEMICOLON_LANGUAGES else COMMA


def guarded(cell: str) -> str:
    """Make a cell that no spreadsheet takes for a formula; :func:`bare` takes it back."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def bare(cell: str) -> str:
    """Return what a cell says, without space around it and without the guard."""
    found = cell.strip()
    return found[1:].strip() if _GUARDED.match(found) else found


def lines(rows: Iterable[Sequence[str | int]], delimiter: str = COMMA) -> Iterator[str]:
    """Write rows, one text each, every cell guarded."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([cell if isinstance(cell, int) else guarded(_whole(cell)) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def encoded(rows: Iterable[Sequence[str | int]], delimiter: str = COMMA) -> bytes:
    """Write a whole file: UTF-8 with the mark by which spreadsheets know it."""
    file = io.BytesIO()
    file.write(codecs.BOM_UTF8)
    for line in lines(rows, delimiter):
        file.write(line.encode())
    return file.getvalue()


def _whole(cell: str) -> str:
    """Leave out what no file can hold: NUL, and halves of characters."""
    return cell.replace("\x00", "").encode(errors="replace").decode()


def parsed(data: bytes, needed: Sequence[str], most_rows: int) -> Table:
    """Read a table that has the *needed* columns and at most *most_rows* rows below the header.

    Raises:
        NotATable: it is none, or too long.
    """
    # The line `sep=;` is for spreadsheets alone: they do not show it as a row.
    text = _SEPARATOR_LINE.sub("", _decoded(data))
    delimiter = max(
        (COMMA, SEMICOLON, TAB), key=lambda one: len(_first(text, one).intersection(needed))
    )
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, row in _records(text, delimiter):
        if not any(cell.strip() for cell in row):
            continue
        if not header:
            header = tuple(cell.strip().lower() for cell in row)
        elif len(rows) == most_rows:
            raise NotATable(
                N_("The file has more than {most} rows. Split it into several.", most=most_rows)
            )
        else:
            rows.append((number, tuple(row)))
    _check_header(header, needed)
    return Table(header, tuple(rows))


def _check_header(header: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in header]
    if missing:
        raise NotATable(
            N_(
                "The first row lacks the column {columns}. Download the list and fill that file "
                "in; its first row must stay.",
                columns=", ".join(missing),
            )
        )
    twice = [name for name in needed if header.count(name) > 1]
    if twice:
        raise NotATable(
            N_("The column {columns} is there twice. Remove one.", columns=", ".join(twice))
        )


def _first(text: str, delimiter: str) -> set[str]:
    """Return the names in the first row that is not empty, if it were split so."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                return {cell.strip().lower() for cell in row}
    except csv.Error:
        return set()
    return set()


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with its number; a quotation mark that is not closed would hide rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, row in enumerate(map(_bounded, reader), 1):
            yield number, row
    except csv.Error:
        raise NotATable(
            N_(
                "The row cannot be read: its quotation marks do not match, or a cell is far too "
                "long. Save the file anew from a spreadsheet as CSV."
            ),
            number + 1,
        ) from None


def _bounded(row: list[str]) -> list[str]:
    # The module's own limit is the whole program's, and others may have raised it.
    if any(len(cell) > LONGEST_CELL for cell in row):
        raise csv.Error
    return row


def _decoded(data: bytes) -> str:
    if data.startswith(_WORKBOOKS):
        raise NotATable(
            N_("This is a workbook, not a CSV file. Save it in your spreadsheet as CSV (UTF-8).")
        )
    text = _text(data)
    if _BINARY.search(text):
        raise NotATable(N_("This is not a text file. Upload a file that was saved as CSV (UTF-8)."))
    if not text.strip():
        raise NotATable(N_("The file is empty. Fill in the list that you downloaded."))
    return text


def _text(data: bytes) -> str:
    if data.startswith(_UTF16):
        return data.decode("utf-16", errors="replace")
    pairs = max(1, len(data) // 2)
    for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        # In UTF-16 every other byte of Latin text is 0.
        if data[place::2].count(0) > pairs // 2:
            return data.decode(name, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # An old code page: ids and e-mails, all that is read, are the same in each.
        return data.decode("latin-1")
