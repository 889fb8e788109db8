"""One thread that writes: many functions share one transaction, one commit, one fsync.

A click must be durable before it is acknowledged. With fifty people clicking, an fsync for each
click would be the bottleneck; here whoever arrives while a commit is under way joins the next one.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from bot.errors import StoreError
from workflows.text import N_

T = TypeVar("T")
X = TypeVar("X")
BATCH = 256


class Writer(Generic[X]):
    """Runs functions against ``transaction(connection)`` objects, in order, durably."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        transaction: Callable[[sqlite3.Connection], X],
        committed: Callable[[X], None],
    ) -> None:
        self._connect = connect
        self._transaction = transaction
        self._committed = committed
        self._queue: queue.SimpleQueue[tuple[Callable[[X], Any], Future[Any]] | None]
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._closed = False
        self._closing = threading.Lock()
        self._thread.start()

    def write(self, function: Callable[[X], T]) -> T:
        """Run *function* in the next transaction; return its result once that is durable."""
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise _closed()
            self._queue.put((function, future))
        return future.result()

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection = self._connect()
        try:
            last = False
            while not last:
                batch, last = self._gather()
                if batch:
                    self._carry_out(connection, batch)
        finally:
            connection.close()

    def _gather(self) -> tuple[list[tuple[Callable[[X], Any], Future[Any]]], bool]:
        item = self._queue.get()
        batch = []
        while item is not None:
            batch.append(item)
            if len(batch) >= BATCH:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _carry_out(
        self, connection: sqlite3.Connection, batch: list[tuple[Callable[[X], Any], Future[Any]]]
    ) -> None:
        answers: list[Callable[[], None]] = []
        transaction = self._transaction(connection)
        try:
            connection.execute("BEGIN IMMEDIATE")
            for function, future in batch:
                answers.append(self._one(connection, transaction, function, future))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.rollback()
            refusal = storage_error(error)
            for _, future in batch:
                future.set_exception(refusal)
            return
        self._committed(transaction)
        for answer in answers:
            answer()

    @staticmethod
    def _one(
        connection: sqlite3.Connection,
        transaction: X,
        function: Callable[[X], Any],
        future: Future[Any],
    ) -> Callable[[], None]:
        """Run one function in a savepoint of its own, so that its failure is its alone."""
        connection.execute("SAVEPOINT one")
        try:
            result = function(transaction)
        except sqlite3.IntegrityError as error:
            connection.execute("ROLLBACK TO one")
            failure: Exception = storage_error(error)
        except sqlite3.Error:
            raise
        except Exception as error:
            connection.execute("ROLLBACK TO one")
            failure = error
        else:
            connection.execute("RELEASE one")
            return lambda: future.set_result(result)
        connection.execute("RELEASE one")
        return lambda: future.set_exception(failure)


def _closed() -> StoreError:
    return StoreError(
        "store_closed",
        N_("The database is closed; nothing was recorded."),
        N_("Try again when the bot runs again."),
    )


def storage_error(error: sqlite3.Error) -> StoreError:
    """Translate SQLite's error into a sentence and a remedy."""
    return StoreError(
        "store_unavailable",
        N_("The database cannot be written ({reason}); nothing was recorded.", reason=str(error)),
        N_("Check the disk and the permissions of SUNSET_DATABASE, then try again."),
    )
