"""Sessions of the API: which token is admitted, until when."""

from __future__ import annotations


class Sessions:
    """One session at a time; a login gives the running one, or a new one when it has ended.

    With *lasts* above 0 a session ends after so many requests.
    """

    def __init__(self, first: str, lasts: int = 0) -> None:
        self._first = first
        self._lasts = lasts
        self._number = 0
        self._used = 0
        self._running = True

    def token(self) -> str:
        """Return the token of the running session; start a new one where none runs."""
        if not self._running:
            self._number += 1
            self._used = 0
            self._running = True
        return f"{self._first}.{self._number}" if self._number else self._first

    def admits(self, token: str) -> bool:
        """Say whether *token* belongs to the running session, and count the request."""
        if not self._running or token != self.token():
            return False
        if self._lasts and self._used >= self._lasts:
            self.end()
            return False
        self._used += 1
        return True

    def end(self) -> None:
        """End the running session: its token is worth nothing any more."""
        self._running = False
