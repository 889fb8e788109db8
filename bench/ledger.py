"""What a ledger of a million rows costs: memory, disk, and the time to go on after a restart."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from bench.numbers import Json
from bench.processes import Failed
from bot.effects.context import Context
from bot.owners import OwnerList
from bot.ports import DailyUsage, HubSpotPort, OwnerChange, RecordPage, Swap, Swapped
from bot.reassign.forward import Forward
from bot.reassign.gate import Gate
from bot.reassign.meter import Teller
from bot.store.base import LedgerRow, Transaction
from bot.store.sqlite import SqliteStore
from workflows.run import Run
from workflows.states import State
from workflows.values import Account, Assignment, OwnedRecords, Owner, Policy, Reason

RUN_ID, JOB = "bench", 1
FEW = 1_000
ROWS_TOGETHER = 10_000
NEW = Owner(id="501", name="Hub Owner")
OLD = tuple(Owner(id=str(9_000 + n), name=f"Salesforce User {n}") for n in range(20))
KINDS = ("contacts", "companies", "deals")


def measure_ledger(rows: int) -> Json:
    """Resume a job with so many settled rows, and one with few, each in a process of its own."""
    many, few = _measured(rows), _measured(FEW)
    return {
        "rows": rows,
        "few": FEW,
        "bytes_per_row": many["bytes_per_row"],
        "resume_seconds": many["resume_seconds"],
        "resident_mib": many["resident_mib"],
        "more_resident_mib": round(many["resident_mib"] - few["resident_mib"], 1),
    }


def _measured(rows: int) -> Json:
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name:
        database = Path(name) / "sunset.db"
        _fill(database, rows)
        done = subprocess.run(
            [sys.executable, "-m", "bench.ledger", str(database)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Failed(f"The job did not resume:\n{done.stderr[-2_000:]}")
        answer: Json = json.loads(done.stdout)
        answer["bytes_per_row"] = round(database.stat().st_size / rows, 1)
        return answer


def _fill(database: Path, rows: int) -> None:
    """Write a ledger of which all but the last row are settled."""
    store = SqliteStore(database)
    try:
        for start in range(0, rows, ROWS_TOGETHER):
            some = list(_rows(start, min(rows, start + ROWS_TOGETHER), rows - 1))
            store.write(partial(_write, some))
    finally:
        store.close()


def _write(rows: Sequence[LedgerRow], transaction: Transaction) -> None:
    transaction.write_ledger(RUN_ID, rows)


def _rows(start: int, end: int, last: int) -> Iterator[LedgerRow]:
    for number in range(start, end):
        old = OLD[number % len(OLD)].id
        kind = KINDS[number * len(KINDS) // (last + 1)]
        state = "written" if number == last else "changed"
        record = str(30_000_000_000 + number)
        yield LedgerRow(JOB, kind, record, old, NEW.id, state, checked=number < last)


class Quiet:
    """A HubSpot where nothing is left to do but the row that was under way."""

    def __init__(self) -> None:
        self.first_call = 0.0

    def active_owners(self) -> tuple[Owner, ...]:
        """Return the one target."""
        return (NEW,)

    def known_usage(self) -> DailyUsage | None:
        """Tell nothing."""
        return None

    def records_of(self, object_type: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        """Find nothing."""
        return RecordPage({}, 0)

    def swap_owners(
        self, object_type: str, swaps: Sequence[Swap], go: Callable[[], bool]
    ) -> Swapped:
        """Say that what was under way had arrived."""
        self.first_call = self.first_call or time.perf_counter()
        return Swapped(already=tuple(swap.record_id for swap in swaps))

    def owner_histories(
        self, object_type: str, record_ids: Sequence[str]
    ) -> Mapping[str, tuple[OwnerChange, ...]]:
        """Contradict nothing."""
        return {}


class _Open(Gate):
    """A gate without a run behind it."""

    def __init__(self) -> None:
        self.exhausted = False

    def __call__(self) -> bool:
        return True


def _run() -> Run:
    now = datetime.now(UTC)
    assignment = Assignment(targets=(NEW,))
    return Run(
        id=RUN_ID,
        account=Account(portal_id="1"),
        policy=Policy(),
        reason=Reason.LEAVING_SALESFORCE,
        requester="U0ADA00001",
        responsible="U0ADA00001",
        started_at=now,
        since=now,
        state=State.REASSIGNING,
        job=JOB,
        job_state="running",
        owners=tuple(OwnedRecords(owner=one, why="no_hubspot_user") for one in OLD),
        mapping={one.id: assignment for one in OLD},
        confirmed={one.id: assignment.code for one in OLD},
    )


def main(database: Path) -> None:
    """Resume the job of *database*; print what it took."""
    hubspot = Quiet()
    store = SqliteStore(database)
    parts: dict[str, Any] = {
        "store": store,
        "hubspot": cast(HubSpotPort, hubspot),
        "owners": OwnerList(hubspot.active_owners),
    }
    # What the job does not use here is left out: settings, Slack, Salesforce, people.
    context = cast(Context, type("Parts", (), parts))
    teller = Teller(lambda progress: None, lambda: None)
    started = time.perf_counter()
    Forward(context, _run(), JOB, _Open(), teller).work(scan=True)
    store.close()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    print(
        json.dumps(
            {
                "resume_seconds": round(hubspot.first_call - started, 3),
                "whole_seconds": round(time.perf_counter() - started, 3),
                "resident_mib": round(int(peak.split()[1]) / 1024, 1),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
