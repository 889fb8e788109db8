"""The removal through the Metadata API, over TLS against the sandbox."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bot.errors import VendorError
from bot.ports import Removal
from bot.vendors import salesforce_deployment
from bot.vendors.salesforce_errors import A_WHILE, LONGEST_PAUSE, UNTIL_SOME_COME_BACK, pause
from bot.vendors.salesforce_removal import NO_REHEARSAL, archive
from sandbox.salesforce.tls import Certificate, certificate
from tests.bot.vendors.faults import fault
from tests.bot.vendors.removal_bench import DEPLOY, QUICK, Instead, Yard, yard
from tests.bot.vendors.salesforce_bench import connect
from tests.sandbox.vendor_servers import wait_until
from workflows.text import N_

NAMESPACE = "HubSpot_Inc"
METADATA = "Modify Metadata Through Metadata API Functions"
PACKAGES = "Download AppExchange Packages"
OLD_PAGE = {"type": "FlexiPage", "name": "Old_Page", "refers_to": "HubSpotContactIntelligence"}
BLOCKED = {**QUICK, "blockers": [OLD_PAGE], "uninstall_seconds": 0}
SLOW = {**QUICK, "uninstall_seconds": 60}
LATER = datetime.now(UTC) + timedelta(hours=1)
BEFORE = datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def org(request: pytest.FixtureRequest, files: Certificate) -> Iterator[Yard]:
    with yard(files, **getattr(request, "param", {})) as running:
        yield running


@pytest.fixture(scope="module")
def always(files: Certificate) -> Iterator[Yard]:
    with yard(files, package=SLOW) as running:
        yield running


@pytest.fixture
def busy(always: Yard) -> Yard:
    """An org for what is answered in its place; it stays the same."""
    always.gate.answers.clear()
    always.gate.posted.clear()
    always.pauses.clear()
    return always


def ended(org: Yard, deployment_id: str) -> Removal:
    found: list[Removal] = []

    def over() -> bool:
        found[:] = [org.salesforce.removal(deployment_id)]
        return found[0].state != "running"

    wait_until(over)
    return found[0]


def error(code: str, message: str = "no") -> str:
    return json.dumps([{"errorCode": code, "message": message}])


# --- what is sent --------------------------------------------------------------------------------


def test_the_zip_deletes_the_package_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(archive(NAMESPACE, "62.0"))) as file:
        assert file.namelist() == ["package.xml", "destructiveChanges.xml"]
        empty, doomed = (file.read(name).decode() for name in file.namelist())
    assert "<types>" not in empty
    assert doomed.count("<members>") == 1
    assert "<members>HubSpot_Inc</members>" in doomed
    assert "<name>InstalledPackage</name>" in doomed


@pytest.mark.parametrize(
    "org", [{"salesforce": {"is_sandbox": wide}} for wide in (False, True)], indirect=True
)
def test_nothing_is_ever_purged_and_the_rehearsed_zip_is_the_deployed_one(org: Yard) -> None:
    """Read from the bytes that went over the line, in production and in a sandbox org."""
    org.salesforce.start_removal(rehearsal=True)
    org.salesforce.start_removal()
    rehearsed, deployed = org.gate.posted
    for sent in (rehearsed, deployed):
        assert sent.body.count(b"purgeOnDelete") == 1
        assert b'"purgeOnDelete": false' in sent.body
        assert sent.options["rollbackOnError"] is True
    assert rehearsed.zip == deployed.zip == archive(NAMESPACE, "62.0")
    assert (rehearsed.options["checkOnly"], deployed.options["checkOnly"]) == (True, False)
    assert {**rehearsed.options, "checkOnly": False} == deployed.options


# --- how it goes ---------------------------------------------------------------------------------


def test_removes_the_package(org: Yard) -> None:
    assert org.salesforce.find_removals(BEFORE) == ()
    deployment_id = org.salesforce.start_removal()
    (listed,) = org.salesforce.find_removals(BEFORE)
    assert (listed.id, listed.about_package) == (deployment_id, None)
    removal = ended(org, deployment_id)
    assert (removal.state, removal.about_package, removal.rehearsal) == ("succeeded", True, False)
    assert (removal.done, removal.components, removal.errors) == (1, 1, 0)
    assert removal.by == org.org.people.api_user["Id"]
    assert removal.created_at
    assert removal.completed_at
    assert org.salesforce.installed_package() is None
    (listed,) = org.salesforce.find_removals(BEFORE)
    assert (listed.state, listed.completed_at) == ("succeeded", removal.completed_at)
    assert org.salesforce.find_removals(datetime.now(UTC) + timedelta(hours=1)) == ()


def test_a_rehearsal_removes_nothing(org: Yard) -> None:
    rehearsal = ended(org, org.salesforce.start_removal(rehearsal=True))
    assert (rehearsal.state, rehearsal.rehearsal) == ("succeeded", True)
    assert org.salesforce.installed_package() is not None


@pytest.mark.parametrize(
    "org",
    [{"package": SLOW}, {"package": SLOW, "salesforce": {"deploy_queue_seconds": 60}}],
    ids=["running", "pending"],
    indirect=True,
)
def test_a_rehearsal_and_a_deployment_are_never_taken_for_each_other(org: Yard) -> None:
    rehearsal = org.salesforce.start_removal(rehearsal=True)
    deployment = org.salesforce.start_removal()
    (found,) = org.salesforce.find_removals(BEFORE)
    assert (found.id, found.rehearsal) == (deployment, False)
    assert org.salesforce.removal(found.id).rehearsal is False
    (found,) = org.salesforce.find_removals(BEFORE, rehearsal=True)
    assert (found.id, found.rehearsal) == (rehearsal, True)
    assert org.salesforce.removal(found.id).rehearsal is True


@pytest.mark.parametrize("org", [{"salesforce": {"deploy_queue_seconds": 60}}], indirect=True)
def test_one_that_waits_names_nothing_yet(org: Yard) -> None:
    removal = org.salesforce.removal(org.salesforce.start_removal())
    assert (removal.state, removal.about_package) == ("running", None)
    assert (removal.components, removal.started_at) == (0, None)


@pytest.mark.parametrize("org", [{"package": SLOW}], indirect=True)
def test_one_that_runs_tells_how_far_it_is(org: Yard) -> None:
    removal = org.salesforce.removal(org.salesforce.start_removal())
    assert (removal.done, removal.components) == (0, 1)
    assert removal.detail == "Processing Type: InstalledPackage"
    assert removal.started_at is not None


@pytest.mark.parametrize("org", [{"package": BLOCKED}], indirect=True)
@pytest.mark.parametrize("rehearsal", [False, True])
def test_what_blocks_is_named_with_what_to_do(org: Yard, rehearsal: bool) -> None:
    removal = ended(org, org.salesforce.start_removal(rehearsal=rehearsal))
    assert (removal.state, removal.errors) == ("failed", 1)
    (problem,) = removal.problems
    assert (problem.type, problem.name, problem.refers_to) == ("FlexiPage", "Old_Page", NAMESPACE)
    assert "referenced by a locally created component" in problem.problem
    assert "Lightning App Builder" in str(problem.advice)
    assert problem.link == "/lightning/setup/FlexiPageList/home"
    assert org.salesforce.installed_package() is not None


@pytest.mark.parametrize("org", [{"package": SLOW}], indirect=True)
def test_one_that_somebody_cancelled(org: Yard) -> None:
    deployment_id = org.salesforce.start_removal()
    org.org.deployments.cancel(deployment_id, "Eve Lindgren")
    removal = org.salesforce.removal(deployment_id)
    assert removal.state == "failed"
    (problem,) = removal.problems
    assert problem.problem == "Canceled by Eve Lindgren"
    assert "cancelled the deployment in Setup" in str(problem.advice)
    assert problem.link.endswith("/DeployStatus/home")


def test_a_lost_reply_is_unknown_and_can_be_found(org: Yard) -> None:
    fault(org.world, "salesforce", DEPLOY, "lost_reply", times=9)
    with pytest.raises(VendorError) as caught:
        org.salesforce.start_removal()
    assert caught.value.unknown
    assert caught.value.retryable
    assert org.pauses == []  # asked once, and not again
    org.world.clear_faults()
    assert len(org.salesforce.find_removals(BEFORE)) == 1


# --- where it cannot be rehearsed ----------------------------------------------------------------


@pytest.mark.parametrize("org", [{"salesforce": {"check_only": "refused"}}], indirect=True)
def test_an_org_that_refuses_to_rehearse(org: Yard) -> None:
    with pytest.raises(VendorError) as caught:
        org.salesforce.start_removal(rehearsal=True)
    assert caught.value.code == NO_REHEARSAL
    assert not caught.value.unknown
    assert caught.value.problem.args["message"] == (
        "INVALID_OPERATION: InstalledPackage is not supported in a checkOnly deployment"
    )
    assert ended(org, org.salesforce.start_removal()).state == "succeeded"


@pytest.mark.parametrize("org", [{"salesforce": {"check_only": "fails"}}], indirect=True)
def test_an_org_that_ends_a_rehearsal_so(org: Yard) -> None:
    rehearsal = ended(org, org.salesforce.start_removal(rehearsal=True))
    assert rehearsal.state == "failed"
    assert rehearsal.impossible == "InstalledPackage is not supported in a checkOnly deployment"


@pytest.mark.parametrize(
    ("status", "code", "known_as"),
    [
        (400, "INVALID_OPERATION", NO_REHEARSAL),
        (400, "SOMETHING_NEW", NO_REHEARSAL),
        (405, "METHOD_NOT_ALLOWED", NO_REHEARSAL),
        (400, "INVALID_TYPE", NO_REHEARSAL),
        (400, "INVALID_DEPLOY_FILE", "salesforce_refused"),
        (400, "JSON_PARSER_ERROR", "salesforce_refused"),
        (400, "LIMIT_EXCEEDED", "salesforce_refused"),
        (400, "INSUFFICIENT_ACCESS_OR_READONLY", "salesforce_forbidden"),
        (403, "INSUFFICIENT_ACCESS", "salesforce_forbidden"),
        (403, "API_DISABLED_FOR_ORG", "salesforce_forbidden"),
        (401, "INVALID_SESSION_ID", "salesforce_unauthorized"),
        (403, "REQUEST_LIMIT_EXCEEDED", "salesforce_request_limit"),
        (429, "", "salesforce_unavailable"),
        (503, "SERVER_UNAVAILABLE", "salesforce_unavailable"),
        (400, "UNABLE_TO_LOCK_ROW", "salesforce_unavailable"),
    ],
)
def test_which_refusals_say_that_it_cannot_be_rehearsed(
    busy: Yard, status: int, code: str, known_as: str
) -> None:
    busy.gate.answers = [Instead(DEPLOY, status, error(code), times=99)]
    with pytest.raises(VendorError) as caught:
        busy.salesforce.start_removal(rehearsal=True)
    assert caught.value.code == known_as


def test_a_deployment_that_is_refused_is_not_about_rehearsing(busy: Yard) -> None:
    busy.gate.answers = [Instead(DEPLOY, 400, error("INVALID_OPERATION"))]
    with pytest.raises(VendorError) as caught:
        busy.salesforce.start_removal()
    assert caught.value.code == "salesforce_refused"


# --- rights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("org", [{"salesforce": {"may_use_metadata": False}}], indirect=True)
@pytest.mark.parametrize("rehearsal", [False, True])
def test_a_missing_permission_is_named(org: Yard, rehearsal: bool) -> None:
    with pytest.raises(VendorError) as caught:
        org.salesforce.start_removal(rehearsal=rehearsal)
    assert caught.value.code == "salesforce_forbidden"
    assert caught.value.missing == METADATA
    assert METADATA in str(caught.value.remedy)
    assert not caught.value.unknown


@pytest.mark.parametrize("org", [{"salesforce": {"may_uninstall": False}}], indirect=True)
def test_a_permission_that_is_missed_in_the_middle_is_named(org: Yard) -> None:
    removal = ended(org, org.salesforce.start_removal())
    (problem,) = removal.problems
    assert problem.problem.startswith("INSUFFICIENT_ACCESS: ")
    assert PACKAGES in str(problem.advice)
    assert METADATA not in str(problem.advice)


def test_where_salesforce_tells_no_right_that_is_missing_both_are_named(org: Yard) -> None:
    org.change(may_uninstall=False)
    deployment_id = org.salesforce.start_removal()
    wait_until(lambda: bool(org.rows(check_only=False)[0]["CompletedDate"]))
    org.change(may_uninstall=True)
    (problem,) = org.salesforce.removal(deployment_id).problems
    assert PACKAGES in str(problem.advice)
    assert METADATA in str(problem.advice)


# --- "not now" -----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["", "<html>busy</html>", "{}", "[]"])
@pytest.mark.parametrize(("header", "waits"), [("3", 3.0), (None, A_WHILE), ("soon", A_WHILE)])
def test_too_many_requests_were_not_applied(
    busy: Yard, body: str, header: str | None, waits: float
) -> None:
    headers = {"Retry-After": header} if header else {}
    before = len(busy.rows(check_only=False))
    busy.gate.answers = [Instead(DEPLOY, 429, body, headers)]
    assert busy.salesforce.start_removal()
    assert busy.pauses == [waits]
    assert len(busy.rows(check_only=False)) == before + 1


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("body", ["", "<html>busy</html>", '[{"errorCode": "SERVER_UNAVAILABLE"}]'])
def test_unavailable_may_have_been_applied(busy: Yard, body: str, applied: bool) -> None:
    before = len(busy.rows(check_only=False))
    busy.gate.answers = [Instead(DEPLOY, 503, body, {"Retry-After": "7"}, applied=applied)]
    with pytest.raises(VendorError) as caught:
        busy.salesforce.start_removal()
    assert (caught.value.unknown, caught.value.retryable) == (True, True)
    assert caught.value.retry_after == 7.0
    assert len(busy.gate.posted) == 1
    assert len(busy.rows(check_only=False)) == before + applied


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_reading_waits_and_is_asked_again(busy: Yard, status: int) -> None:
    busy.gate.answers = [Instead("tooling/query", status, headers={"Retry-After": "2"})]
    assert busy.salesforce.find_removals(LATER) == ()
    assert busy.pauses == [2.0]


def test_a_wait_that_is_longer_than_patience_is_told_at_once(busy: Yard) -> None:
    busy.gate.answers = [Instead("tooling/query", 429, headers={"Retry-After": "600"}, times=9)]
    with pytest.raises(VendorError) as caught:
        busy.salesforce.find_removals(BEFORE)
    assert (caught.value.retry_after, caught.value.retryable) == (600.0, True)
    assert busy.pauses == []


@pytest.mark.parametrize(
    ("message", "waits"),
    [
        ("TotalRequests Limit exceeded.", UNTIL_SOME_COME_BACK),
        ("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", None),
    ],
)
def test_a_limit_of_the_day_waits_longer_than_one_of_the_moment(
    busy: Yard, message: str, waits: float | None
) -> None:
    body = error("REQUEST_LIMIT_EXCEEDED", message)
    busy.gate.answers = [Instead(DEPLOY, 403, body, times=99)]
    with pytest.raises(VendorError) as caught:
        busy.salesforce.start_removal()
    assert (caught.value.code, caught.value.unknown) == ("salesforce_request_limit", False)
    assert caught.value.retry_after == waits
    assert bool(busy.pauses) == (waits is None)


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("999999", LONGEST_PAUSE),
        ("-1", None),
        ("1.5", None),
        ("tomorrow", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), LONGEST_PAUSE),
        ("Mon, 23 Nov 2026 12:00:05 -0000", 5.0),
        ("²", None),
    ],
)
def test_how_long_salesforce_asks_to_wait(header: str | None, seconds: float | None) -> None:
    assert pause(header, NOW) == seconds


# --- every way to end ----------------------------------------------------------------------------


def read(**result: Any) -> Removal:
    answer = {"id": "0Af1", "deployResult": result}
    return salesforce_deployment.removal(answer, NAMESPACE, lambda: N_("grant it"))


def failure(problem: str, kind: str | None = "InstalledPackage", name: str = NAMESPACE) -> Any:
    one = {"componentType": kind, "fullName": name, "problem": problem, "problemType": "Error"}
    return {"componentFailures": [one]}


DONE = {"componentSuccesses": {"componentType": "", "fullName": "hubspot_inc"}}


@pytest.mark.parametrize(
    ("result", "state"),
    [
        ({"status": "Pending"}, "running"),
        ({"status": "InProgress"}, "running"),
        ({"status": "Canceling"}, "running"),
        ({"status": "FinalizingDeploy"}, "running"),
        ({"status": "Finalizing Deploy"}, "running"),
        ({"status": "Whatever", "done": False}, "running"),
        ({"status": "Succeeded", "done": True}, "succeeded"),
        ({"status": "Succeeded", "done": "true", "success": "true"}, "succeeded"),
        ({"status": "SucceededPartial", "done": True, "details": DONE}, "succeeded"),
        ({"status": "SucceededPartial", "done": True}, "failed"),
        ({"status": "Whatever", "done": True, "success": True}, "succeeded"),
        ({"status": "Whatever", "done": True}, "failed"),
        ({"status": "Failed"}, "failed"),
        ({"status": "FinalizingDeployFailed", "done": True}, "failed"),
        ({"status": "Canceled", "done": True}, "failed"),
    ],
)
def test_every_status(result: dict[str, Any], state: str) -> None:
    removal = read(**result)
    assert removal.state == state
    assert bool(removal.problems) == (state == "failed")
    for problem in removal.problems:
        assert (problem.type, problem.name) == ("Deployment", "0Af1")
        assert problem.problem.startswith(str(result["status"]))
        assert problem.advice is not None
        assert problem.link


@pytest.mark.parametrize(
    ("result", "said", "advice"),
    [
        ({"errorMessage": "UNKNOWN_EXCEPTION: boom"}, "UNKNOWN_EXCEPTION: boom", "Put right"),
        ({"errorStatusCode": "LIMIT_EXCEEDED"}, "LIMIT_EXCEEDED", "Put right"),
        ({"errorStatusCode": "INSUFFICIENT_ACCESS", "errorMessage": "x"}, "INSUF", "grant it"),
        ({"details": failure("insufficient access rights on object id")}, "insuf", "grant it"),
        ({"details": failure("No InstalledPackage named: HubSpot_Inc found")}, "No I", "Installed"),
        ({"details": failure("It cannot be deleted")}, "It cannot", "Put right"),
        ({"details": failure("")}, "", "gives no reason"),
        ({"details": failure("Apex Class Mine: in use")}, "in use", "the code"),
        ({"details": failure("Thing Mine: in use")}, "in use", "Take the package's part"),
        ({"details": failure("in use", "Report", "Mine")}, "in use", "folder of your own"),
        ({"details": None}, "Failed", "gives no reason"),
        ({"details": {"componentFailures": []}}, "Failed", "gives no reason"),
    ],
)
def test_every_failure_says_what_to_do(result: dict[str, Any], said: str, advice: str) -> None:
    (problem,) = read(status="Failed", done=True, **result).problems
    assert problem.problem.startswith(said)
    assert advice in str(problem.advice)
    assert problem.refers_to == NAMESPACE


def test_every_line_is_a_problem_of_its_own_and_none_comes_twice() -> None:
    lines = "Page Layout A: in use\nScheduled Job B: in use\nPage Layout A: in use"
    first, second = read(status="Failed", details=failure(lines)).problems
    assert (first.type, first.name, second.type) == ("Layout", "A", "ScheduledJob")


@pytest.mark.parametrize(
    ("result", "about"),
    [
        ({"status": "InProgress"}, None),
        ({"status": "InProgress", "details": {"componentSuccesses": []}}, None),
        ({"status": "Failed", "errorMessage": "boom"}, None),
        ({"status": "Succeeded"}, False),
        ({"status": "InProgress", "details": DONE}, True),
        ({"status": "Failed", "details": failure("x", "ApexClass", "Mine")}, False),
        ({"status": "Failed", "details": failure("x", "ApexClass", NAMESPACE)}, False),
        ({"status": "Failed", "details": failure("x", name="Other_Inc")}, False),
        ({"status": "Failed", "details": failure("x", None)}, True),
    ],
)
def test_what_a_deployment_is_about(result: dict[str, Any], about: bool | None) -> None:
    assert read(**result).about_package is about


def test_odd_values_do_no_harm() -> None:
    removal = read(
        status="InProgress",
        checkOnly="true",
        numberComponentsTotal="12",
        numberComponentsDeployed=None,
        numberComponentErrors="many",
        startDate="yesterday",
        createdDate="2026-11-23T10:00:00.000Z",
        completedDate=None,
        stateDetail=None,
    )
    assert removal.rehearsal
    assert (removal.components, removal.done, removal.errors) == (12, 0, 0)
    assert (removal.started_at, removal.completed_at, removal.detail) == (None, None, "")
    assert removal.created_at == datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("result", "impossible"),
    [
        ({"checkOnly": True, "errorMessage": "no check-only for InstalledPackage"}, True),
        ({"checkOnly": True, "details": failure("checkOnly is not supported")}, True),
        ({"checkOnly": False, "details": failure("checkOnly is not supported")}, False),
        ({"checkOnly": True, "details": failure("checkOnly: no\nPage Layout A: in use")}, False),
        ({"checkOnly": True, "details": failure("Page Layout A: in use")}, False),
        ({"checkOnly": True}, False),
    ],
)
def test_a_rehearsal_is_impossible_only_where_nothing_else_is_said(
    result: dict[str, Any], impossible: bool
) -> None:
    assert bool(read(status="Failed", done=True, **result).impossible) == impossible


@pytest.mark.parametrize("answer", [None, [], {}, "x", {"id": "", "deployResult": {}}, {"id": 7}])
def test_what_is_no_deployment_cannot_be_read(answer: Any) -> None:
    with pytest.raises(VendorError) as caught:
        salesforce_deployment.started(answer)
    assert (caught.value.code, caught.value.unknown) == ("salesforce_unreadable", True)


def test_nobody_at_the_address_is_certainly_not_applied(files: Certificate) -> None:
    with closing(connect(files, "https://127.0.0.1:9", "x", [])) as salesforce:
        for rehearsal in (False, True):
            with pytest.raises(VendorError) as caught:
                salesforce.start_removal(rehearsal=rehearsal)
            assert (caught.value.code, caught.value.unknown) == ("salesforce_unreachable", False)
