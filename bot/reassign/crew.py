"""A few threads that carry batches out; the first failure stops them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
TICK_SECONDS = 0.5


def carry_out(
    batches: Iterable[T | None],
    do: Callable[[T], None],
    *,
    threads: int,
    stop: Callable[[], None],
    tick: Callable[[], None],
) -> None:
    """Do every batch, up to *threads* at once; *tick* is called about every half second.

    None among the batches is a moment in which there is nothing to do yet.

    When one raises, or the iteration does, *stop* is called, what is under way ends, and the first
    error is raised.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="reassign") as pool:
        running: set[Future[None]] = set()
        failure: BaseException | None = None
        try:
            for batch in batches:
                if batch is not None:
                    running.add(pool.submit(do, batch))
                running = _some_ended(running, threads, tick)
        except BaseException as error:
            failure = error
            stop()
        while running:
            try:
                running = _some_ended(running, 1, tick)
            except BaseException as error:
                if failure is None:
                    failure = error
                    stop()
                running = {one for one in running if not one.done()}
    try:
        if failure is not None:
            raise failure
    finally:
        # The traceback holds this frame, and so the iteration with what it has read ahead.
        del failure, batches


def _some_ended(
    running: set[Future[None]], most: int, tick: Callable[[], None]
) -> set[Future[None]]:
    """Wait until fewer than *most* are under way; raise what one of them raised."""
    while True:
        tick()
        ended = {one for one in running if one.done()}
        for one in ended:
            one.result()
        running -= ended
        if len(running) < most:
            return running
        wait(running, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
