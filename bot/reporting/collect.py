"""Everything in the database that a report is made of, read without writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from bot.audit.verify import verdict
from bot.store.base import LedgerFlow, LedgerRow, Link, Store

FAILED_SHOWN = 50
"""Failed records that a report names; the file in the thread has them all."""


@dataclass(frozen=True)
class Failed:
    """A ledger row that failed, and how the last later job left that record ('': none met it)."""

    row: LedgerRow
    ended: str


@dataclass(frozen=True)
class Material:
    """A run's record: its events, its ledger added up, and what recomputing the chain showed."""

    history: Sequence[Link]
    flows: Sequence[LedgerFlow] = ()
    failed: Sequence[Failed] = ()
    check: Literal["intact", "changed", "unchecked"] = "intact"
    problems: tuple[str, ...] = ()


def collect(store: Store, run_id: str) -> Material | None:
    """Read what a report of *run_id* needs; None if there is no such run.

    The ledger is read after the events: a job that goes on meanwhile may be ahead of them.

    Raises:
        bot.errors.StoreError: the database cannot be read, or an event in it cannot.
    """
    history = store.history(run_id)
    if not history:
        return None
    flows = store.ledger_flows(run_id)
    found = tuple(store.problems(run_id))
    return Material(history, flows, tuple(_failed(store, run_id, flows)), verdict(found), found)


def _failed(store: Store, run_id: str, flows: Sequence[LedgerFlow]) -> Iterator[Failed]:
    if not any(flow.state == "failed" for flow in flows):
        return
    jobs = sorted({flow.job for flow in flows})
    for row in islice(store.ledger(run_id, None, "failed"), FAILED_SHOWN):
        ended = ""
        for job in jobs:
            if job > row.job:
                known = store.ledger_states(run_id, job, row.object_type, [row.record_id])
                ended = known.get(row.record_id, ended)
        yield Failed(row, ended)
