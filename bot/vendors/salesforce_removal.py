"""Removing the package through the Metadata API's REST deployment (facts/salesforce.md).

Whether Salesforce keeps a copy of the data this way is undocumented: the caller must count on
"no copy". ``mdapi`` of simple-salesforce is not used, for the defects named in the facts.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from functools import partial
from http import HTTPStatus
from xml.sax.saxutils import escape

from simple_salesforce.format import format_soql

from bot.errors import VendorError
from bot.ports import Removal
from bot.vendors import salesforce_deployment as deployment
from bot.vendors.salesforce_errors import grant
from bot.vendors.salesforce_http import MODIFY_METADATA, SalesforceClient
from bot.vendors.salesforce_rights import DOWNLOAD_PACKAGES, rights
from workflows.text import N_, Text

NO_REHEARSAL = "salesforce_no_rehearsal"

_XML = "http://soap.sforce.com/2006/04/metadata"
_OF_THE_REQUEST = frozenset(
    {
        "INVALID_DEPLOY_FILE",
        "INVALID_INPUT",
        "INVALID_MULTIPART_REQUEST",
        "INVALID_SESSION_ID",
        "JSON_PARSER_ERROR",
        "LIMIT_EXCEEDED",
        "MALFORMED_ID",
        "UNSUPPORTED_API_VERSION",
    }
)
"""Refusals that a deployment would meet as well: of the zip, its envelope, or our own limits."""
_NEEDS = (MODIFY_METADATA, DOWNLOAD_PACKAGES)


def start(
    client: SalesforceClient, namespace: str, api_version: str, *, rehearsal: bool = False
) -> str:
    """Ask Salesforce to remove the package, or to rehearse that; return the deployment's id.

    Both send the same zip. :class:`VendorError` with ``unknown`` says that it may have been
    accepted: look it up before asking again. Its code is :data:`NO_REHEARSAL` where Salesforce
    refuses to rehearse what it may well do.
    """
    options = {
        "deployOptions": {
            "allowMissingFiles": False,
            "checkOnly": rehearsal,
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
    try:
        answer = client.call(
            lambda sf: sf.restful(
                "metadata/deployRequest",
                method="POST",
                files=files,
                headers={"Content-Type": None},  # requests writes the multipart one
            ),
            permission=MODIFY_METADATA,
            write=True,
        )
    except VendorError as error:
        if rehearsal and _refuses_rehearsal(error):
            raise _no_rehearsal(error) from None
        raise
    return deployment.started(answer)


def archive(namespace: str, api_version: str) -> bytes:
    """Return the zip that deletes the installed package *namespace* and nothing else."""
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<Package xmlns="{_XML}">\n'
    tail = f"    <version>{escape(api_version)}</version>\n</Package>\n"
    doomed = (
        f"    <types>\n        <members>{escape(namespace)}</members>\n"
        f"        <name>{deployment.INSTALLED_PACKAGE}</name>\n    </types>\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        # With a fixed time the rehearsed zip and the deployed one are the same to the byte.
        file.writestr(zipfile.ZipInfo("package.xml"), head + tail)
        file.writestr(zipfile.ZipInfo("destructiveChanges.xml"), head + doomed + tail)
    return buffer.getvalue()


def status(client: SalesforceClient, namespace: str, deployment_id: str) -> Removal:
    """Return how a deployment stands, with what Salesforce names against it."""
    answer = client.call(
        lambda sf: sf.restful(
            f"metadata/deployRequest/{deployment_id}", params={"includeDetails": "true"}
        ),
        permission=MODIFY_METADATA,
    )
    return deployment.removal(answer, namespace, partial(_lacking, client))


def find(client: SalesforceClient, since: datetime, *, rehearsal: bool) -> tuple[Removal, ...]:
    """List the deployments, or the check-only ones, that were asked for since *since*.

    Oldest first, of anybody and about anything: :func:`status` tells which removes the package.
    """
    rows = client.tooling(
        format_soql(
            "SELECT Id, Status, CheckOnly, CreatedDate, CompletedDate FROM DeployRequest "
            "WHERE CheckOnly = {} AND CreatedDate >= {}",
            rehearsal,
            since,
        ),
        permission=MODIFY_METADATA,
    )
    rows.sort(key=lambda row: str(row.get("CreatedDate") or ""))
    return tuple(deployment.listed(row, rehearsal=rehearsal) for row in rows if row.get("Id"))


def _refuses_rehearsal(error: VendorError) -> bool:
    """Say whether a refusal can only be about the request being check-only.

    Nothing documents that InstalledPackage cannot be checked only, nor which answer would say so.
    So every refusal counts that is not about the right, the session, a limit or what was sent. To
    be wrong here costs nothing: the deployment that follows meets the same refusal.
    """
    if error.unknown or error.retryable or error.missing:
        return False
    if error.code == "salesforce_not_available":
        return True
    code, status = error.problem.args.get("code"), error.problem.args.get("status")
    return (
        error.code == "salesforce_refused"
        and isinstance(status, int)
        and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and code not in _OF_THE_REQUEST
    )


def _no_rehearsal(refused: VendorError) -> VendorError:
    args = refused.problem.args
    said = ": ".join(str(args[part]) for part in ("code", "message") if args.get(part))
    return VendorError(
        "salesforce",
        NO_REHEARSAL,
        N_("Salesforce does not rehearse the removal here: {message}", message=said),
        N_("The removal can be tried without a rehearsal: one that is refused changes nothing."),
    )


def _lacking(client: SalesforceClient) -> Text:
    """Say which right is to be given to the bot's user, whom Salesforce told that one is missing.

    Salesforce does not say which, so its list of the user's rights is asked.
    """
    try:
        found = [one.name for one in rights(client) if one.granted is False and one.name in _NEEDS]
    except VendorError:
        found = []
    if len(found) == 1:
        return grant(found[0])
    return N_(
        'Give the bot\'s Salesforce user the permissions "{first}" and "{second}": Setup > Users > '
        "Permission Sets > a permission set of that user > System Permissions.",
        first=_NEEDS[0],
        second=_NEEDS[1],
    )
