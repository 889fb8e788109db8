"""Metadata deployments, of which only one kind does something: uninstalling the package.

A deployment runs for `uninstall_seconds` of real time; its outcome is settled when it is read.
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

from sandbox.salesforce.errors import SalesforceError, not_found
from sandbox.salesforce.ids import record_id
from sandbox.salesforce.package import InstalledPackage
from sandbox.world import World

_DESTRUCTIVE = re.compile(r"(?:^|/)destructiveChanges(?:Pre|Post)?\.xml$")
_MANIFEST = re.compile(r"(?:^|/)package\.xml$")
MAX_FILE = 39_000_000  # bytes of the zip that the Metadata API takes


@dataclass(frozen=True)
class Manifest:
    """What a deployment asks for: the members to delete, by type; whether anything is added."""

    deletes: tuple[tuple[str, str], ...]
    adds: bool


@dataclass
class Deployment:
    """One deployment and, when it is done, how it ended."""

    id: str
    options: dict[str, Any]
    manifest: Manifest
    created: datetime
    due: float
    done: bool = False
    failures: list[dict[str, Any]] = field(default_factory=list)
    completed: datetime | None = None

    @property
    def check_only(self) -> bool:
        """Whether it only looks whether it could be done."""
        return bool(self.options.get("checkOnly"))

    @property
    def status(self) -> str:
        """Salesforce's word for how it stands."""
        if not self.done:
            return "InProgress"
        return "Failed" if self.failures else "Succeeded"


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

    def start(self, options: dict[str, Any], data: bytes) -> Deployment:
        """Begin the deployment of the zip *data*, or raise Salesforce's 400."""
        manifest = read_zip(data)
        if options.get("purgeOnDelete") and not self._world.scenario.salesforce.is_sandbox:
            raise SalesforceError(
                400,
                "INVALID_OPERATION",
                "purgeOnDelete option can only be used in a sandbox or Developer Edition org",
            )
        deployment = Deployment(
            record_id("0Af", len(self._all) + 1),
            options,
            manifest,
            self._world.clock.now(),
            time.monotonic() + self._world.scenario.package.uninstall_seconds,
        )
        self._all[deployment.id] = deployment
        seconds = self._world.scenario.package.uninstall_seconds + 0.01
        asyncio.get_running_loop().call_later(seconds, self.settle)
        return deployment

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
        deployment.failures = self._failures(deployment.manifest)
        deployment.done = True
        deployment.completed = self._world.clock.now()
        removes = deployment.manifest.deletes and not deployment.check_only
        if removes and not deployment.failures:
            self._package.remove_now()

    def _failures(self, manifest: Manifest) -> list[dict[str, Any]]:
        namespace = self._package.contents.namespace
        if not manifest.deletes and not manifest.adds:
            return []
        if manifest.adds or manifest.deletes != (("InstalledPackage", namespace),):
            kind, name = next(
                (item for item in manifest.deletes if item != ("InstalledPackage", namespace)),
                ("InstalledPackage", namespace),
            )
            problem = f"No {kind} named: {name} found"
            if (kind, name) == ("InstalledPackage", namespace):
                problem = "An installed package must be the only component of a deployment"
            return [_failure(name, kind, problem)]
        if not self._package.installed:
            return [
                _failure(
                    namespace, "InstalledPackage", f"No InstalledPackage named: {namespace} found"
                )
            ]
        return [
            _failure(namespace, "InstalledPackage", obstacle.line)
            for obstacle in self._package.reported()
        ]

    def shown(self, deployment: Deployment, details: bool) -> dict[str, Any]:
        """Return the `deployResult` of the REST API."""
        failures = len(deployment.failures)
        total = len(deployment.manifest.deletes)
        result: dict[str, Any] = {
            "id": deployment.id,
            "status": deployment.status,
            "done": deployment.done,
            "success": deployment.done and not failures,
            "checkOnly": deployment.check_only,
            "ignoreWarnings": bool(deployment.options.get("ignoreWarnings")),
            "rollbackOnError": bool(deployment.options.get("rollbackOnError", True)),
            "runTestsEnabled": False,
            "numberComponentErrors": failures,
            "numberComponentsDeployed": total if deployment.done and not failures else 0,
            "numberComponentsTotal": total,
            "numberTestErrors": 0,
            "numberTestsCompleted": 0,
            "numberTestsTotal": 0,
            "createdBy": self._user["Id"],
            "createdByName": self._user["Name"],
            "createdDate": _moment(deployment.created),
            "startDate": _moment(deployment.created),
            "lastModifiedDate": _moment(deployment.completed or deployment.created),
            "completedDate": _moment(deployment.completed),
        }
        if details:
            ended = deployment.manifest.deletes if deployment.done and not failures else ()
            result["details"] = {
                "componentFailures": deployment.failures,
                "componentSuccesses": [_success(kind, name) for kind, name in ended],
                "runTestResult": None,
            }
        return result

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the Tooling object DeployRequest."""
        self.settle()
        return [
            {
                "Id": item.id,
                "Status": item.status,
                "CheckOnly": item.check_only,
                "CreatedDate": _moment(item.created),
                "StartDate": _moment(item.created),
                "CompletedDate": _moment(item.completed),
                "ErrorMessage": None,
                "NumberComponentErrors": len(item.failures),
                "CreatedById": self._user["Id"],
            }
            for item in self._all.values()
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
