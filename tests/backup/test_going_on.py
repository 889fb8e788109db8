"""A backup that was interrupted goes on: nothing is lost, nothing is trusted unchecked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from bot.backup.errors import BackupError
from bot.backup.verify import verify
from bot.backup.waiting import Waiting
from bot.errors import VendorError
from bot.vendors.patience import Patience
from tests.backup.stock import FAVORITE, LABEL, Address, Killed, Line, Yard, rows, salesforce_at
from tests.bot.rig import GIVEN
from tests.bot.vendors.faults import fault
from tests.sandbox.vendor_servers import wait_until

ROOT = Path(__file__).parents[2]


def whole(org: Yard, count: int = 250) -> None:
    """Check that the directory holds a sound backup of the org's favourites as they are now."""
    assert verify(org.directory) == []
    names = ("Id", "Name", LABEL)
    there = org.stock.entity(FAVORITE).rows
    assert len(there) == count
    assert [[one[name] for name in names] for one in org.read()] == [
        [one[name] for name in names] for one in there
    ]


def created(org: Yard) -> int:
    return sum("POST" in one.request and "jobs/query" in one.request for one in org.org.world.log)


@pytest.mark.parametrize("phase", ["waiting", "reading", "verifying", "done"])
def test_goes_on_after_a_kill_anywhere(org: Yard, phase: str) -> None:
    with pytest.raises(Killed):
        org.run_until(phase, page=60)
    assert verify(org.directory)[0].kind == "unfinished"
    org.run(page=60)
    whole(org)


def test_pages_that_lie_there_are_not_read_again(org: Yard) -> None:
    with pytest.raises(Killed):
        org.run_until("reading", page=60, after=120)
    pages, jobs = len(org.line.results), created(org)
    assert pages == 2
    org.told.clear()
    org.run(page=60)
    favorites = [one for one in org.line.results[pages:] if b"maxRecords=60" in one]
    assert b"locator=MTIw" in favorites[0]  # from the 120th record on
    assert len(favorites) == 3 + others(org)
    assert created(org) == jobs + others(org)
    whole(org)


def others(org: Yard) -> int:
    """How many tables there are besides the first."""
    return len(json.loads((org.directory / "manifest.json").read_bytes())["files"]) - 1


def test_a_page_that_was_damaged_meanwhile_is_not_trusted(org: Yard) -> None:
    with pytest.raises(Killed):
        org.run_until("reading", page=60, after=120)
    part = org.directory / f"{FAVORITE}.csv.part"
    part.write_bytes(part.read_bytes().replace(b"label 30", b"lable 30"))
    org.run(page=60)
    whole(org)


def test_half_a_page_is_taken_back(org: Yard) -> None:
    with pytest.raises(Killed):
        org.run_until("reading", page=60, after=120)
    with (org.directory / f"{FAVORITE}.csv.part").open("ab") as part:
        part.write(b'"a01')
    org.run(page=60)
    whole(org)


def test_a_finished_file_is_trusted_only_if_its_hash_fits(org: Yard) -> None:
    with pytest.raises(Killed):
        org.run_until("done")
    org.flip(f"{FAVORITE}.csv")
    before = created(org)
    org.run()
    assert created(org) > before + others(org)  # it was taken anew
    whole(org)


def test_a_finished_file_that_is_sound_is_not_taken_again(org: Yard) -> None:
    with pytest.raises(Killed):
        org.run_until("done")
    before = created(org)
    stamp = (org.directory / f"{FAVORITE}.csv").stat().st_mtime_ns
    org.run()
    assert (org.directory / f"{FAVORITE}.csv").stat().st_mtime_ns == stamp
    assert created(org) == before + others(org)
    whole(org)


@pytest.mark.parametrize("state", ["waiting", "reading"])
def test_an_expired_job_means_anew(org: Yard, state: str) -> None:
    with pytest.raises(Killed):
        org.run_until(state, page=60, after=60 if state == "reading" else 0)
    for job in org.jobs.all():
        job.state = "JobComplete"
        org.jobs.delete(job)
    org.stock.change(FAVORITE, {}, rows(5))  # nothing of the longer part may be left
    org.run(page=60)
    whole(org, 5)


def test_an_expired_locator_means_anew(org: Yard) -> None:
    with pytest.raises(Killed):
        org.run_until("reading", page=60, after=120)
    notes = org.directory / "progress.json"
    notes.write_text(notes.read_text().replace("MTIw", "OTk5OTk5"))
    org.run(page=60)
    whole(org)


@pytest.mark.parametrize("cut_after", [0, 100, 5_000])
def test_a_lost_connection_begins_the_page_anew(org: Yard, cut_after: int) -> None:
    org.stock.change(FAVORITE, {}, rows(250, **{LABEL: "long " * 200}))
    org.line.cut_after, org.line.cuts = cut_after, 2
    org.run(page=100)
    whole(org)
    assert len(org.naps) >= 2


def test_a_connection_that_stays_lost_is_told_and_gone_on_with(org: Yard) -> None:
    org.line.cuts = 99
    with pytest.raises(VendorError) as caught:
        org.run(page=100)
    assert caught.value.code == "salesforce_unreachable"
    org.line.cuts = 0
    org.run(page=100)
    whole(org)


@pytest.mark.parametrize("kind", ["429", "500", "502", "lost_reply"])
def test_passing_faults_are_survived(org: Yard, kind: str) -> None:
    for match in ("POST .*jobs/query", "GET .*jobs/query/[^/]+$", "results", "/query$", "describe"):
        fault(org.org.world, "salesforce", match, kind)
    org.run(page=100)
    whole(org)


@pytest.mark.parametrize("place", ["jobs/query$", "jobs/query/[^/]+$", "results"])
def test_a_used_up_limit_is_told_and_loses_nothing(org: Yard, place: str) -> None:
    fault(org.org.world, "salesforce", place, "429", times=99, after=1)
    with pytest.raises(VendorError) as caught:
        org.run(page=60)
    assert caught.value.code == "salesforce_request_limit"
    org.org.world.clear_faults()
    org.run(page=60)
    whole(org)


def test_a_session_that_ends_is_told_and_gone_on_with(org: Yard) -> None:
    fault(org.org.world, "salesforce", "results", "unauthorized", times=99, after=1)
    with pytest.raises(VendorError) as caught:
        org.run(page=60)
    assert caught.value.code == "salesforce_unauthorized"
    org.org.world.clear_faults()
    org.run(page=60)
    whole(org)


def test_a_failed_job_is_told_and_the_next_run_asks_anew(org: Yard) -> None:
    org.jobs.failing = "InternalServerError : try <later>"
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_job_failed"
    assert "try <later>" in str(caught.value.problem)
    org.run()
    whole(org)


def test_an_aborted_job_is_told_and_the_next_run_asks_anew(org: Yard) -> None:
    def abort() -> None:
        for job in org.jobs.all():
            org.jobs.set_state(job, {"state": "Aborted"})

    with pytest.raises(BackupError) as caught:
        org.run_until("waiting", then=abort)
    assert caught.value.code == "backup_job_aborted"
    org.run()
    whole(org)


def test_a_job_that_does_not_end_is_waited_for_later(
    org: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(org.jobs, "advance", lambda job: None)
        backup = org.backup()
        backup._waiting = Waiting(total=-1.0)
        with pytest.raises(BackupError) as caught:
            backup.run()
        assert caught.value.code == "backup_job_slow"
        jobs = created(org)
    org.run()
    assert created(org) == jobs + others(org)
    whole(org)


@pytest.mark.parametrize("answers", [0, 1, 3, 6, 9, 14])
def test_stops_when_told_and_goes_on(org: Yard, answers: int) -> None:
    left = iter(range(answers))
    with pytest.raises(BackupError) as caught:
        org.backup(60).run(go=lambda: next(left, None) is not None)
    assert caught.value.code == "backup_stopped"
    org.run(page=60)
    whole(org)


def test_running_a_finished_backup_verifies_it(org: Yard) -> None:
    first = org.run()
    requests = len(org.org.world.log)
    second = org.run()
    assert second.already
    assert second.manifest == first.manifest
    assert second.manifest_sha256 == first.manifest_sha256
    assert len(org.org.world.log) <= requests + 2  # which org, which package
    org.flip(f"{FAVORITE}.csv")
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_damaged"
    assert f"{FAVORITE}" not in str(caught.value.remedy)


def test_a_finished_backup_stays_good_when_the_package_is_gone(org: Yard) -> None:
    org.run()
    org.org.package.remove_now()
    assert org.run().already


def test_a_package_that_changed_in_the_middle_is_told(org: Yard) -> None:
    with pytest.raises(Killed):
        org.run_until("done")
    org.org.package.remove_now()
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_package_changed"
    assert (org.directory / f"{FAVORITE}.csv").exists()


@pytest.mark.parametrize("finished", [True, False])
def test_the_directory_of_another_org_is_left_alone(org: Yard, finished: bool) -> None:
    if finished:
        org.run()
    else:
        with pytest.raises(Killed):
            org.run_until("reading", page=60)
    before = {one.name: one.read_bytes() for one in org.directory.iterdir()}
    organization = org.stock.entity("Organization")
    other = {**organization.rows[0], "Id": "00D000000000002AAA"}
    org.stock.change("Organization", {}, [other])
    with pytest.raises(BackupError) as caught:
        org.run()
    assert caught.value.code == "backup_other_org"
    assert "00D000000000002AAA" in str(caught.value.problem)
    assert before == {one.name: one.read_bytes() for one in org.directory.iterdir()}


class Stalling(Line):
    """Gives a page, and holds the next until it is let go."""

    held = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"locator=" in scope.get("query_string", b""):
            self.held.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await super().__call__(scope, receive, send)


def test_a_killed_process_is_gone_on_with(org: Yard, address: Address) -> None:
    """The command line, really killed in the middle of a file."""
    stalling = Stalling(org.line.app)
    org.line.app = stalling
    settings = {name.upper(): str(value) for name, value in GIVEN.items()} | {
        "SALESFORCE_INSTANCE_URL": org.url,
        "SALESFORCE_ACCESS_TOKEN": org.org.world.scenario.salesforce.access_token,
        "SALESFORCE_CA_FILE": str(address.files.ca_file),
    }
    code = (
        "import bot.backup.run, sys;"
        "bot.backup.run.Backup.__init__.__kwdefaults__['page'] = 60;"
        "from bot.cli import app; app(sys.argv[1:])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "backup", "run", str(org.directory), "--json"],
        env=os.environ | settings,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        wait_until(lambda: stalling.held.is_set() or process.poll() is not None, 20)
        with pytest.raises(BackupError) as caught:
            org.run(page=60)  # the other one is still at it
        assert caught.value.code == "backup_in_progress"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    org.line.app = stalling.app
    org.run(page=60)
    assert org.line.results[0].startswith(b"maxRecords=60")
    assert b"locator=" in org.line.results[1]  # it went on after the page that lay there
    whole(org)


def test_a_session_is_renewed_once_in_the_middle(org: Yard, address: Address) -> None:
    class Renewed:
        """A login that can be had again, as a JWT's."""

        renewable = True
        asked = 0

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

        def access(self, session: object) -> object:
            Renewed.asked += 1
            return self._inner.access(session)

    token = org.org.world.scenario.salesforce.access_token
    salesforce = salesforce_at(address, token, Patience(sleep=org.naps.append))
    client = salesforce.client
    client._login = Renewed(client._login)  # type: ignore[assignment]  # it counts the asks
    fault(org.org.world, "salesforce", "results", "unauthorized", after=2)
    org.run(page=60, salesforce=salesforce)
    assert Renewed.asked == 2
    whole(org)
