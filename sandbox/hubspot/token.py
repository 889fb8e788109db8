"""The account's access token: what it was granted, and whether HubSpot tells that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot import answers
from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.people import FIRST_USER_ID
from sandbox.hubspot.schema import Schema
from sandbox.hubspot.service import HubSpot
from sandbox.hubspot.steps import Refused, fields

APP_ID = 1_907_113
_GENERAL = (
    "account-info.security.read",
    "crm.objects.owners.read",
    "crm.schemas.custom.read",
    "crm.objects.custom.read",
    "crm.objects.custom.write",
    "oauth",
    "settings.users.read",
)


def every_scope(schemas: Iterable[Schema]) -> list[str]:
    """Return every scope that means something here, in order."""
    records = {scope for one in schemas for scope in (one.read_scope, one.write_scope)}
    return sorted({*_GENERAL, *records})


async def info(hubspot: HubSpot, request: Request) -> Response:
    """`POST /oauth/v2/private-apps/get/access-token-info`: the token is in the body."""
    data, _ = await answers.body(request)
    token = data.get("tokenKey") if isinstance(data, dict) else None
    if not isinstance(token, str):
        raise invalid("Some required fields were not set: [tokenKey]")
    account = hubspot.world.scenario.account
    if token != account.token or not hubspot.tells_scopes:
        raise HubSpotError(404, "OBJECT_NOT_FOUND", "No private app token was found")
    tables = (table.schema for table in hubspot.tables.values())
    granted = [scope for scope in every_scope(tables) if scope not in hubspot.scopes_missing]
    shown: dict[str, Any] = {
        "userId": FIRST_USER_ID,
        "hubId": account.portal_id,
        "appId": APP_ID,
        "scopes": granted,
    }
    return answers.answer(hubspot, shown)


async def change(hubspot: HubSpot, request: Request) -> dict[str, Any]:
    """Take scopes away or give them back; let HubSpot tell them or not."""
    data = await fields(request)
    missing = data.get("scopes_missing", sorted(hubspot.scopes_missing))
    told = data.get("tells_scopes", hubspot.tells_scopes)
    if not isinstance(missing, list) or not all(isinstance(scope, str) for scope in missing):
        raise Refused("invalid_arguments", "'scopes_missing' must be a list of scopes.")
    if not isinstance(told, bool):
        raise Refused("invalid_arguments", "'tells_scopes' must be true or false.")
    hubspot.scopes_missing, hubspot.tells_scopes = frozenset(missing), told
    return {"scopes_missing": sorted(hubspot.scopes_missing), "tells_scopes": told}
