"""Connections that are read from: lent, and given back, since threads come and go."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.errors import StoreError
from bot.store.trouble import ERRORS, Health, storage_error


class Readers:
    """As many connections as are ever read from at once."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._generation = 0
        self._closed = False
        self._health = Health("reading")

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to one thread at a time.

        Raises:
            StoreError: the database cannot be read; the connection is not lent again.
        """
        with self._lock:
            generation = self._generation
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._open()
        try:
            yield connection
        except ERRORS as error:
            connection.close()
            raise self._health.failed(storage_error(error)) from error
        except BaseException:
            self._take_back(connection, generation)
            raise
        self._take_back(connection, generation)
        self._health.worked()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except ERRORS as error:
            raise self._health.failed(storage_error(error)) from error
        except StoreError as error:
            self._health.failed(error)
            raise

    def _take_back(self, connection: sqlite3.Connection, generation: int) -> None:
        with self._lock:
            wanted = not self._closed and generation == self._generation
            if wanted:
                self._idle.append(connection)
        if not wanted:
            connection.close()

    def renew(self) -> None:
        """Open new connections from now on; what is lent is closed when it comes back."""
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Close what is not lent; what is lent is closed when it comes back."""
        with self._lock:
            self._closed = True
        self.renew()
