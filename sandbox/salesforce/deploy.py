"""Metadata deployments, of which only one kind does something: uninstalling the package.

A deployment is Pending for `deploy_queue_seconds`, then runs for `uninstall_seconds` of real time;
its outcome is settled when it is read. One that is check-only ends as the other would, and removes
nothing.
"""

from __future__ import annotations

import asyncio
import io
import re
import time
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from sandbox.hubspot.steps import Refused
from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.package import InstalledPackage
from sandbox.world import World

_DESTRUCTIVE = re.compile(r"(?:^|/)destructiveChanges(?:Pre|Post)?\.xml$")
_MANIFEST = re.compile(r"(?:^|/)package\.xml$")
INSTALLED_PACKAGE = "InstalledPackage"
NO_CHECK = f"{INSTALLED_PACKAGE} is not supported in a checkOnly deployment"
MAX_FILE = 39_000_000  # bytes of the zip that the Metadata API takes


@dataclass(frozen=True)
class Manifest:
    """What a deployment asks for: the members to delete, by type; whether anything is added."""

    deletes: tuple[tuple[str, str], ...]
    adds: bool

    @property
    def uninstalls(self) -> bool:
        """Whether it names an installed package among what goes."""
        return any(kind == INSTALLED_PACKAGE for kind, _ in self.deletes)


@dataclass
class Deployment:
    """One deployment and, when it is done, how it ended.

    `starts`, `due` and `listed` are monotonic: when it leaves the queue, ends, and is in the list.
    `error` is what failed as a whole: code and message.
    """

    id: str
    options: dict[str, Any]
    manifest: Manifest
    by: dict[str, Any]
    created: datetime
    starts: float
    due: float
    listed: float
    done: bool = False
    failures: list[dict[str, Any]] = field(default_factory=list)
    error: tuple[str, str] | None = None
    cancelled_by: str = ""
    completed: datetime | None = None

    @property
    def check_only(self) -> bool:
        """Whether it only looks whether it could be done."""
        return bool(self.options.get("checkOnly"))

    @property
    def started(self) -> bool:
        """Whether it has left the queue."""
        return time.monotonic() >= self.starts

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self.done and not (self.failures or self.error or self.cancelled_by)

    @property
    def status(self) -> str:
        """Salesforce's word for how it stands."""
        if not self.done:
            return "InProgress" if self.started else "Pending"
        if self.cancelled_by:
            return "Canceled"
        return "Succeeded" if self.succeeded else "Failed"


def read_zip(data: bytes) -> Manifest:
    """Return what the zip *data* asks for, or raise Salesforce's 400."""
    if len(data) > MAX_FILE:
        raise SalesforceError(400, "LIMIT_EXCEEDED", f"The zip is larger than {MAX_FILE} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _invalid("The file is not a zip archive") from error
    manifests = [text for name, text in files.items() if _MANIFEST.search(name)]
    if not manifests:
        raise _invalid("No package.xml found")
    deletes = [
        member
        for name, text in files.items()
        if _DESTRUCTIVE.search(name)
        for member in _members(text)
    ]
    adds = any(_members(text) for text in manifests)
    return Manifest(tuple(deletes), adds)


def _invalid(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALID_DEPLOY_FILE", message)


def _members(text: bytes) -> list[tuple[str, str]]:
    if b"<!" in text.replace(b"<!--", b""):
        raise _invalid("A document type is not allowed in a manifest")
    try:
        root = ET.fromstring(text)  # noqa: S314  # entities were refused above
    except ET.ParseError as error:
        raise _invalid(f"Error parsing file: {error}") from error
    found: list[tuple[str, str]] = []
    for types in root.findall("{*}types"):
        kind = types.findtext("{*}name", "").strip()
        found += [(kind, (member.text or "").strip()) for member in types.findall("{*}members")]
    return found


class Deployments:
    """All deployments of the org."""

    def __init__(self, world: World, package: InstalledPackage, user: dict[str, Any]) -> None:
        self._world = world
        self._package = package
        self._user = user
        self._all: dict[str, Deployment] = {}

    def start(
        self, options: dict[str, Any], data: bytes, by: dict[str, Any] | None = None
    ) -> Deployment:
        """Begin the deployment of the zip *data* for the user *by*, or raise Salesforce's 400."""
        manifest = read_zip(data)
        org = self._world.scenario.salesforce
        if options.get("purgeOnDelete") and not org.is_sandbox:
            raise SalesforceError(
                400,
                "INVALID_OPERATION",
                "purgeOnDelete option can only be used in a sandbox or Developer Edition org",
            )
        if options.get("checkOnly") and manifest.uninstalls and org.check_only == "refused":
            raise SalesforceError(400, "INVALID_OPERATION", NO_CHECK)
        now = time.monotonic()
        starts = now + org.deploy_queue_seconds
        deployment = Deployment(
            record_id("0Af", len(self._all) + 1),
            options,
            manifest,
            by or self._user,
            self._world.clock.now(),
            starts,
            starts + self._world.scenario.package.uninstall_seconds,
            now + org.deploy_list_lag,
        )
        self._all[deployment.id] = deployment
        asyncio.get_running_loop().call_later(deployment.due - now + 0.01, self.settle)
        return deployment

    def cancel(self, key: str, who: str) -> None:
        """Cancel a deployment that is not done, as a person does in Setup > Deployment Status."""
        self.settle()
        deployment = next((item for item in self._all.values() if item.id == key), None)
        if deployment is None or deployment.done:
            raise Refused("not_found", f"There is no deployment {key} that could be cancelled.")
        deployment.cancelled_by = who
        deployment.done = True
        deployment.completed = self._world.clock.now()
        self._world.changed()

    def find(self, key: str) -> Deployment:
        """Return the deployment *key* as it stands now, or raise 404."""
        self.settle()
        for deployment in self._all.values():
            if deployment.id[:15] == key[:15]:
                return deployment
        raise not_found()

    def settle(self) -> None:
        """End the deployments whose time has come."""
        for deployment in self._all.values():
            if not deployment.done and time.monotonic() >= deployment.due:
                self._end(deployment)

    def _end(self, deployment: Deployment) -> None:
        if deployment.manifest.uninstalls and not self._world.scenario.salesforce.may_uninstall:
            deployment.error = ("INSUFFICIENT_ACCESS", "insufficient access rights on object id")
        else:
            deployment.failures = self._failures(deployment)
        deployment.done = True
        deployment.completed = self._world.clock.now()
        if deployment.succeeded and deployment.manifest.deletes and not deployment.check_only:
            self._package.remove_now()

    def _failures(self, deployment: Deployment) -> list[dict[str, Any]]:
        namespace, manifest = self._package.contents.namespace, deployment.manifest
        if not manifest.deletes and not manifest.adds:
            return []
        if manifest.adds or manifest.deletes != ((INSTALLED_PACKAGE, namespace),):
            kind, name = next(
                (item for item in manifest.deletes if item != (INSTALLED_PACKAGE, namespace)),
                (INSTALLED_PACKAGE, namespace),
            )
            problem = f"No {kind} named: {name} found"
            if (kind, name) == (INSTALLED_PACKAGE, namespace):
                problem = "An installed package must be the only component of a deployment"
            return [_failure(name, kind, problem)]
        if deployment.check_only and self._world.scenario.salesforce.check_only == "fails":
            return [_failure(namespace, INSTALLED_PACKAGE, NO_CHECK)]
        if not self._package.installed:
            problem = f"No {INSTALLED_PACKAGE} named: {namespace} found"
            return [_failure(namespace, INSTALLED_PACKAGE, problem)]
        return [
            _failure(namespace, INSTALLED_PACKAGE, obstacle.line)
            for obstacle in self._package.reported()
        ]

    def shown(self, deployment: Deployment, details: bool) -> dict[str, Any]:
        """Return the `deployResult` of the REST API."""
        total = len(deployment.manifest.deletes) if deployment.started else 0
        code, message = deployment.error or (None, None)
        result: dict[str, Any] = {
            "id": deployment.id,
            "status": deployment.status,
            "done": deployment.done,
            "success": deployment.succeeded,
            "checkOnly": deployment.check_only,
            "ignoreWarnings": bool(deployment.options.get("ignoreWarnings")),
            "rollbackOnError": bool(deployment.options.get("rollbackOnError", True)),
            "runTestsEnabled": False,
            "numberComponentErrors": len(deployment.failures),
            "numberComponentsDeployed": total if deployment.succeeded else 0,
            "numberComponentsTotal": total,
            "numberTestErrors": 0,
            "numberTestsCompleted": 0,
            "numberTestsTotal": 0,
            "createdBy": deployment.by["Id"],
            "createdByName": deployment.by["Name"],
            "createdDate": _moment(deployment.created),
            "startDate": _moment(deployment.created) if deployment.started else None,
            "lastModifiedDate": _moment(deployment.completed or deployment.created),
            "completedDate": _moment(deployment.completed),
            "errorStatusCode": code,
            "errorMessage": message,
            "canceledByName": deployment.cancelled_by or None,
        }
        if deployment.started and not deployment.done:
            result["stateDetail"] = f"Processing Type: {INSTALLED_PACKAGE}"
        if details:
            ended = deployment.manifest.deletes if deployment.succeeded else ()
            result["details"] = {
                "componentFailures": deployment.failures,
                "componentSuccesses": [_success(kind, name) for kind, name in ended],
                "runTestResult": None,
            }
        return result

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the Tooling object DeployRequest that are listed by now."""
        self.settle()
        now = time.monotonic()
        return [
            {
                "Id": item.id,
                "Status": item.status,
                "CheckOnly": item.check_only,
                "CreatedDate": _moment(item.created),
                "StartDate": _moment(item.created) if item.started else None,
                "CompletedDate": _moment(item.completed),
                "ErrorMessage": item.error[1] if item.error else None,
                "NumberComponentErrors": len(item.failures),
                "CreatedById": item.by["Id"],
            }
            for item in self._all.values()
            if now >= item.listed
        ]


def _moment(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000" if moment else None


def _failure(name: str, kind: str, problem: str) -> dict[str, Any]:
    return {
        "componentType": kind,
        "fileName": "destructiveChanges.xml",
        "fullName": name,
        "problem": problem,
        "problemType": "Error",
        "success": False,
        "deleted": False,
    }


def _success(kind: str, name: str) -> dict[str, Any]:
    return {
        "componentType": kind,
        "fileName": "destructiveChanges.xml",
        "fullName": name,
        "success": True,
        "deleted": True,
    }
