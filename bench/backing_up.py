"""The two processes of `python -m bench backup`: an org with many wide records, and the backup.

`python -m bench.backing_up serve ROWS FIELDS` serves the org until its input closes, and prints the
settings for it as NAME=value. `python -m bench.backing_up take DIR` makes a backup with these
settings in the environment, and prints what it took as JSON.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from bot.backup.run import Backup
from bot.backup.verify import verify
from bot.clocks import SystemClock
from bot.settings import SalesforceSettings
from bot.vendors.connect import salesforce_login
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_bulk import bulk_of
from sandbox.connection import DroppableProtocol
from sandbox.salesforce.api import create_app
from sandbox.salesforce.bulk import Jobs
from sandbox.salesforce.data import DataCatalog, GeneratedRows
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.service import Salesforce as Org
from sandbox.salesforce.tables import Entity
from sandbox.salesforce.tls import certificate
from sandbox.scenario import Scenario
from sandbox.world import World

READY = "READY"
TABLE = "HubSpot_Inc__HubSpot_Intelligence__c"
CREATED = "2026-01-01T00:00:00.000+0000"
LONG_EVERY, LONG = 50, 'A longer note, with "quotes" and\nlines; zażółć gęślą jaźń. ' * 40
"""One record in so many has a text of a few kilobytes."""


class WideRow(Mapping[str, Any]):
    """A record that makes its values up when they are asked for, so that it weighs nothing."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def __getitem__(self, name: str) -> Any:
        match name:
            case "Id":
                return record_id("a01", self._number)
            case "CreatedDate" | "LastModifiedDate" | "SystemModstamp":
                return CREATED
            case "IsDeleted":
                return False
            case "HubSpot_Inc__Payload__c" if self._number % LONG_EVERY == 0:
                return LONG
            case _ if name.endswith("Id"):
                return record_id("005", 1)
        return f"value, {self._number} of {name[13:-3]}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Wide(DataCatalog):
    """The org's objects; one has many records with many fields."""

    def __init__(self, org: Org, rows: int, fields: int) -> None:
        super().__init__(org.world, org.package, org.people)
        found = super().entity(TABLE)
        missing = max(0, fields - len(found.fields))
        more = {f"HubSpot_Inc__Insight_{number:03d}__c": "string" for number in range(missing)}
        names = dict(list({**found.fields, **more}.items())[:fields])
        self._wide = replace(found, fields=names, rows=GeneratedRows(rows, WideRow))

    def entity(self, name: str) -> Entity:
        """Return the object *name*."""
        return self._wide if name == TABLE else super().entity(name)


def serve(rows: int, fields: int) -> None:
    """Serve the org until standard input closes."""
    admin = {"id": "UADA", "name": "Ada", "email": "ada@example.com", "role": "administrator"}
    package = {"version": "2.60.0.1", "objects": {"HubSpot_Intelligence": rows}}
    scenario = Scenario.model_validate(
        {"name": "backup", "title": "backup", "people": [admin], "package": package}
    )
    org = Org(World(scenario))
    org.data = Wide(org, rows, fields)
    org.jobs = Jobs(org.data, org.people.api_user["Id"])
    # With another protocol number asyncio would leave Nagle's algorithm on: 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    with tempfile.TemporaryDirectory(prefix="sunset-bench-") as name:
        files = certificate(Path(name), "127.0.0.1")
        config = uvicorn.Config(
            create_app(org),
            http=DroppableProtocol,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=str(files.cert_file),
            ssl_keyfile=str(files.key_file),
        )
        server = uvicorn.Server(config)
        for line in (
            f"SALESFORCE_INSTANCE_URL=https://127.0.0.1:{listener.getsockname()[1]}",
            f"SALESFORCE_ACCESS_TOKEN={scenario.salesforce.access_token}",
            f"SALESFORCE_CA_FILE={files.ca_file}",
            READY,
        ):
            print(line, flush=True)

        def until_closed() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=until_closed, daemon=True).start()
        asyncio.run(server.serve([listener]))


def memory(process: int | str = "self") -> tuple[int, int]:
    """Return a process's resident memory and the most it ever was, in KiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    told = {line.partition(":")[0]: line.partition(":")[2] for line in status}
    return int(told["VmRSS"].split()[0]), int(told["VmHWM"].split()[0])


def forget_peak(process: int | str = "self") -> None:
    """Let the most that a process ever had begin anew (Linux)."""
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")


def take(directory: Path) -> dict[str, Any]:
    """Make a backup and verify it; return the seconds, and the memory before and at most."""
    settings = SalesforceSettings(_env_file=None)
    salesforce = Salesforce(salesforce_login(settings), ca_file=settings.salesforce_ca_file)
    source = bulk_of(salesforce)
    backup = Backup(source, directory, SystemClock())
    source.origin()  # logged in, and everything that a running bot has imported is
    forget_peak()
    idle, _ = memory()
    began, cpu = time.perf_counter(), time.process_time()
    result = backup.run()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    _, peak = memory()
    began = time.perf_counter()
    problems = verify(directory)
    verifying = time.perf_counter() - began
    salesforce.close()
    return {
        "rows": result.rows,
        "bytes": result.bytes,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "verify_seconds": verifying,
        "idle_kib": idle,
        "peak_kib": peak,
        "problems": len(problems),
    }


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(take(Path(sys.argv[2]))))
