"""`POST …/tooling/composite`: up to 25 reads of single records in one API request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sandbox.salesforce import describe
from sandbox.salesforce.errors import SalesforceError, insufficient_access, not_found
from sandbox.salesforce.service import Salesforce
from sandbox.salesforce.tables import Entity

MOST = 25
_RECORD = re.compile(
    r"/services/data/v(?P<version>\d+\.0)/tooling/sobjects/(?P<name>\w+)/(?P<id>\w+)"
)


def answer(salesforce: Salesforce, body: Any) -> dict[str, Any]:
    """Answer the composite request *body*; a part that fails has its own status."""
    parts = body.get("compositeRequest") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not parts:
        raise SalesforceError(400, "INVALID_INPUT", "compositeRequest must be a list of requests")
    if len(parts) > MOST:
        message = f"Limit exceeded: {len(parts)} subrequests, the most is {MOST}"
        raise SalesforceError(400, "LIMIT_EXCEEDED", message)
    return {"compositeResponse": _parts(salesforce, parts)}


def _parts(salesforce: Salesforce, parts: Sequence[Any]) -> list[dict[str, Any]]:
    entities: dict[str, Entity] = {}
    shown = []
    for part in parts:
        asked = part if isinstance(part, dict) else {}
        status: int = 200
        body: Any
        try:
            body = _read(salesforce, asked, entities)
        except SalesforceError as error:
            status, body = error.status, [{"message": error.message, "errorCode": error.code}]
        shown.append(
            {
                "body": body,
                "httpHeaders": {},
                "httpStatusCode": status,
                "referenceId": asked.get("referenceId"),
            }
        )
    return shown


def _read(salesforce: Salesforce, asked: Any, entities: dict[str, Entity]) -> dict[str, Any]:
    found = _RECORD.fullmatch(str(asked.get("url")))
    if asked.get("method") != "GET" or found is None:
        raise SalesforceError(400, "INVALID_INPUT", "the sandbox reads single records only")
    if not salesforce.world.scenario.salesforce.may_use_metadata:
        raise insufficient_access("insufficient access rights on object id")
    name = found["name"]
    try:
        entity = entities[name] if name in entities else salesforce.tooling.entity(name)
    except SalesforceError as error:
        raise not_found() from error
    entities[name] = entity
    return describe.record(entity, found["id"], found["version"])
