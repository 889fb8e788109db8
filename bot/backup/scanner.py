"""Following CSV as it comes, in pieces: where a record ends, and what is a heading."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_HEADING = 1 << 20
"""Bytes; the longest query that Salesforce takes has 100,000 characters."""


class Unsound(Exception):
    """A page does not begin with the field names, or ends inside a field."""


class PageScanner:
    """One page of results, on its way into a file that may hold pages before it.

    A page begins with the heading; only the *first* page's goes into the file. Quotes tell what
    is inside a field: a doubled quote changes nothing, since it counts twice.
    """

    def __init__(self, fields: Sequence[str], *, first: bool) -> None:
        self.rows = 0
        self._heading = (",".join(f'"{name}"' for name in fields) + "\n").encode()
        self._first = first
        self._start: bytes | None = b""
        self._inside = False
        self._last = b"\n"

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece of the page, and return what of it belongs into the file."""
        if self._start is None:
            return self._counted(piece)
        self._start += piece
        line, end, rest = self._start.partition(b"\n")
        if not end:
            if len(self._start) > LONGEST_HEADING:
                raise Unsound
            return b""
        self._start = None
        return self._begun(line + end) + self._counted(rest)

    def end(self) -> bytes:
        """Say that the page is complete; return what is still to be written."""
        held = b""
        if self._start is not None:
            empty = self._first and not self._start
            held = self._heading if empty else self._begun(self._start)
            self._start = None
        if self._inside:
            raise Unsound
        if self._last != b"\n":
            self.rows += 1
            held += b"\n"
            self._last = b"\n"
        return held

    def _begun(self, line: bytes) -> bytes:
        if _plain(line) == _plain(self._heading):
            return self._heading if self._first else b""
        if self._first:
            raise Unsound
        return self._counted(line)  # a later page without a heading

    def _counted(self, data: bytes) -> bytes:
        if data:
            pieces = data.split(b'"')
            self.rows += b"".join(pieces[self._inside :: 2]).count(b"\n")
            self._inside ^= len(pieces) % 2 == 0
            self._last = data[-1:]
        return data


def _plain(line: bytes) -> bytes:
    return line.strip().replace(b'"', b"").lower()
