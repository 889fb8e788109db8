"""Removing the package through the Metadata API's REST deployment (facts/salesforce.md).

Whether Salesforce keeps a copy of the data this way is undocumented: the caller must count on
"no copy". ``mdapi`` of simple-salesforce is not used, for the defects named in the facts.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.ports import Removal
from bot.vendors import salesforce_setup as setup
from bot.vendors.salesforce_errors import unreadable
from bot.vendors.salesforce_http import MODIFY_METADATA, SalesforceClient, not_available
from workflows.values import Blocker

PERMISSION = MODIFY_METADATA
LOOK_BACK = timedelta(minutes=5)
"""How far Salesforce's clock may be behind the bot's when a deployment is looked for."""
CANDIDATES = 20

_XML = "http://soap.sforce.com/2006/04/metadata"
_SUCCEEDED = frozenset({"Succeeded", "SucceededPartial"})
_FAILED = frozenset({"Failed", "Canceled"})


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Message(_Answer):
    component_type: str | None = Field(None, alias="componentType")
    full_name: str | None = Field(None, alias="fullName")
    problem: str | None = None


class _Details(_Answer):
    failures: list[_Message] = Field([], alias="componentFailures")
    successes: list[_Message] = Field([], alias="componentSuccesses")

    @field_validator("failures", "successes", mode="before")
    @classmethod
    def _always_a_list(cls, value: object) -> object:
        """Salesforce writes one message without a list around it."""
        if value is None:
            return []
        return value if isinstance(value, list) else [value]


class _Result(_Answer):
    status: str = "Pending"
    done: bool = False
    check_only: bool = Field(False, alias="checkOnly")
    error_message: str | None = Field(None, alias="errorMessage")
    details: _Details | None = None


class _Deployment(_Answer):
    id: str
    result: _Result = Field(_Result(), alias="deployResult")


def start(client: SalesforceClient, namespace: str, api_version: str) -> str:
    """Ask Salesforce to remove the package; return the deployment's id.

    :class:`VendorError` with ``unknown`` says that it may have been accepted: :func:`find` it
    before asking again.
    """
    options = {
        "deployOptions": {
            "allowMissingFiles": False,
            "checkOnly": False,
            "ignoreWarnings": True,
            "purgeOnDelete": False,
            "rollbackOnError": True,
            "singlePackage": True,
        }
    }
    files = {
        "json": (None, json.dumps(options), "application/json"),
        "file": ("deploy.zip", archive(namespace, api_version), "application/zip"),
    }
    answer = client.call(
        lambda sf: sf.restful(
            "metadata/deployRequest",
            method="POST",
            files=files,
            headers={"Content-Type": None},  # requests writes the multipart one
        ),
        permission=PERMISSION,
        write=True,
    )
    return _read(answer, write=True).id


def archive(namespace: str, api_version: str) -> bytes:
    """Return the zip that deletes the installed package *namespace* and nothing else."""
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<Package xmlns="{_XML}">\n'
    tail = f"    <version>{escape(api_version)}</version>\n</Package>\n"
    doomed = (
        f"    <types>\n        <members>{escape(namespace)}</members>\n"
        "        <name>InstalledPackage</name>\n    </types>\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("package.xml", head + tail)
        file.writestr("destructiveChanges.xml", head + doomed + tail)
    return buffer.getvalue()


def status(client: SalesforceClient, namespace: str, deployment_id: str) -> Removal:
    """Return how the removal stands, with what Salesforce names against it."""
    deployment = _deployment(client, deployment_id)
    result = deployment.result
    problems = tuple(_problems(namespace, result)) if _state(result) == "failed" else ()
    return Removal(id=deployment.id, state=_state(result), problems=problems)


def find(client: SalesforceClient, namespace: str, since: datetime) -> Removal | None:
    """Look for a removal of this package that was asked for since *since*, newest first.

    One that has not begun names no component yet; it is taken for ours, since asking again
    beside it would be worse than waiting for it.
    """
    earliest = since - LOOK_BACK
    rows = client.tooling(
        format_soql(
            "SELECT Id, Status, CreatedDate FROM DeployRequest WHERE CreatedDate >= {}", earliest
        ),
        permission=PERMISSION,
    )
    rows.sort(key=lambda row: str(row.get("CreatedDate") or ""), reverse=True)
    for row in rows[:CANDIDATES]:
        deployment_id = str(row.get("Id") or "")
        try:
            result = _deployment(client, deployment_id).result
        except VendorError as error:
            if not_available(error) or error.code == "salesforce_refused":
                continue  # somebody else's, or a kind without details
            raise
        if not result.check_only and _is_removal(result, namespace):
            return status(client, namespace, deployment_id)
    return None


def _deployment(client: SalesforceClient, deployment_id: str) -> _Deployment:
    answer = client.call(
        lambda sf: sf.restful(
            f"metadata/deployRequest/{deployment_id}", params={"includeDetails": "true"}
        ),
        permission=PERMISSION,
    )
    return _read(answer)


def _read(answer: Any, *, write: bool = False) -> _Deployment:
    try:
        return _Deployment.model_validate(answer)
    except ValidationError:
        raise unreadable("the deployment", write=write) from None


def _state(result: _Result) -> Literal["running", "succeeded", "failed"]:
    if result.status in _SUCCEEDED:
        return "succeeded"
    return "failed" if result.status in _FAILED else "running"


def _is_removal(result: _Result, namespace: str) -> bool:
    details = result.details or _Details()
    named = [*details.failures, *details.successes]
    if not named and _state(result) == "running":
        return True
    return any(
        message.component_type in (None, "", "InstalledPackage")
        and (message.full_name or "").lower() == namespace.lower()
        for message in named
    )


def _problems(namespace: str, result: _Result) -> Iterator[Blocker]:
    """Each line that Salesforce gives; "Page Layout X: This installed component is …" names X."""
    for failure in (result.details or _Details()).failures:
        for line in (failure.problem or "").splitlines() or [""]:
            place, found, problem = line.strip().partition(": ")
            outside = found and failure.component_type in (None, "", "InstalledPackage")
            kind, name = setup.named(place) if outside else ("", failure.full_name or "")
            yield Blocker(
                type=kind if outside else failure.component_type or "",
                name=name,
                refers_to=namespace,
                problem=problem if outside else line.strip(),
                link=setup.link(kind),
                advice=setup.advice(kind) if outside else None,
            )
    if result.error_message:
        yield Blocker(type="", name="", refers_to=namespace, problem=result.error_message)
