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

from bot import failpoints
from bot.errors import StoreError
from bot.store.trouble import ERRORS, Health, storage_error
from workflows.text import N_

T = TypeVar("T")
X = TypeVar("X")
Item = tuple[Callable[[X], Any], Future[Any]]
BATCH = 256


class Writer(Generic[X]):
    """Runs functions against ``transaction(connection)`` objects, in order, durably.

    ``ready(connection)`` is called inside each transaction before anything is written; it returns
    whether the connection may be used on, or raises :class:`StoreError`. After an error of SQLite's
    the next transaction has a connection of its own.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        transaction: Callable[[sqlite3.Connection], X],
        committed: Callable[[X], None],
        ready: Callable[[sqlite3.Connection], bool] = lambda _: True,
    ) -> None:
        self._connect = connect
        self._transaction = transaction
        self._committed = committed
        self._ready = ready
        self._connection: sqlite3.Connection | None = None
        self._health = Health("writing")
        self._queue: queue.SimpleQueue[Item[X] | None] = queue.SimpleQueue()
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
        try:
            last = False
            while not last:
                batch, last = self._gather()
                if batch:
                    self._carry_out(batch)
        finally:
            self._drop()

    def _gather(self) -> tuple[list[Item[X]], bool]:
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

    def _carry_out(self, batch: list[Item[X]]) -> None:
        """Answer everybody in *batch*, whatever happens: they wait."""
        try:
            transaction, answers, wrote = self._commit(batch)
        except StoreError as error:
            # The connection stays: through it the file is still there, whatever its name is now.
            self._undo()
            self._refuse(batch, self._health.failed(error))
            return
        except ERRORS as error:
            self._drop()
            self._refuse(batch, self._health.failed(storage_error(error)))
            return
        except Exception as error:
            self._drop()
            self._refuse(batch, error)
            return
        if wrote:
            self._health.worked()
        self._committed(transaction)
        for answer in answers:
            answer()

    @staticmethod
    def _refuse(batch: list[Item[X]], error: Exception) -> None:
        for _, future in batch:
            future.set_exception(error)

    def _commit(self, batch: list[Item[X]]) -> tuple[X, list[Callable[[], None]], bool]:
        """Let all of *batch* happen; say whether that changed anything in the database.

        A transaction that changes nothing succeeds on a full disk, too.
        """
        connection = self._begun()
        before = connection.total_changes
        transaction = failpoints.watched(self._transaction(connection))
        answers = [self._one(connection, transaction, *item) for item in batch]
        wrote = connection.total_changes > before
        failpoints.commit(transaction, "before")
        connection.execute("COMMIT")
        failpoints.commit(transaction, "after")
        return transaction, answers, wrote

    def _begun(self) -> sqlite3.Connection:
        """Return a connection on which a transaction has begun."""
        if self._connection is None:
            self._connection = self._connect()
        self._connection.execute("BEGIN IMMEDIATE")
        if not self._ready(self._connection):
            self._drop()
            self._connection = self._connect()
            self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def _undo(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.rollback()

    def _drop(self) -> None:
        """Let go of the connection; what it has not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

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
