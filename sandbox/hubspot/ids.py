"""A large set of record ids in ascending order, cheap to change and to page through."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

PIECE = 1_024
"""Ids in a piece at the beginning; a change moves at most twice as many."""


class Ids:
    """Ids in ascending order, held in pieces so that no change moves all of them.

    Positions count from 0 in that order.
    """

    def __init__(self, ascending: Iterable[int] = ()) -> None:
        whole = array("q", ascending)
        self._pieces = [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]
        self._lasts = [piece[-1] for piece in self._pieces]
        self._length = len(whole)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        for piece in self._pieces:
            yield from piece

    def __contains__(self, key: int) -> bool:
        number = bisect_left(self._lasts, key)
        if number == len(self._lasts):
            return False
        piece = self._pieces[number]
        return piece[bisect_left(piece, key)] == key

    def add(self, key: int) -> None:
        """Put *key* in; it must not be in yet."""
        self._length += 1
        if not self._pieces:
            self._pieces.append(array("q", (key,)))
            self._lasts.append(key)
            return
        number = min(bisect_left(self._lasts, key), len(self._lasts) - 1)
        piece = self._pieces[number]
        piece.insert(bisect_left(piece, key), key)
        if len(piece) > 2 * PIECE:
            self._pieces[number : number + 1] = [piece[:PIECE], piece[PIECE:]]
            self._lasts[number : number + 1] = [piece[PIECE - 1], piece[-1]]
        else:
            self._lasts[number] = piece[-1]

    def remove(self, key: int) -> None:
        """Take *key* out; raise :class:`KeyError` when it is not in."""
        number = bisect_left(self._lasts, key)
        piece = self._pieces[number] if number < len(self._pieces) else array("q")
        place = bisect_left(piece, key)
        if place == len(piece) or piece[place] != key:
            raise KeyError(key)
        del piece[place]
        self._length -= 1
        if piece:
            self._lasts[number] = piece[-1]
        else:
            del self._pieces[number], self._lasts[number]

    def span(self, above: int | None, below: int | None) -> tuple[int, int]:
        """Return the positions [start, end) of the ids that lie strictly between the two."""
        start = 0 if above is None else self._position(above + 1)
        end = self._length if below is None else self._position(below)
        return start, max(start, end)

    def _position(self, key: int) -> int:
        """Return how many ids are smaller than *key*."""
        number = bisect_left(self._lasts, key)
        before = sum(map(len, self._pieces[:number]))
        if number == len(self._pieces):
            return before
        return before + bisect_left(self._pieces[number], key)

    def since(self, key: int, limit: int) -> list[int]:
        """Return the first *limit* ids that are not smaller than *key*."""
        found: list[int] = []
        number = bisect_left(self._lasts, key)
        while number < len(self._pieces) and len(found) < limit:
            piece = self._pieces[number]
            start = 0 if found else bisect_left(piece, key)
            found += piece[start : start + limit - len(found)]
            number += 1
        return found

    def between(self, start: int, end: int) -> Iterator[int]:
        """Yield the ids at the positions [start, end)."""
        left = end - start
        for piece in self._pieces:
            if left <= 0:
                return
            if start < len(piece):
                part = piece[start : start + left]
                left -= len(part)
                yield from part
            start = max(0, start - len(piece))
