"""Endpoints of owners, users and the account."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot.answers import answer, flag, page, require, whole_number
from sandbox.hubspot.errors import invalid, missing_scopes, not_found
from sandbox.hubspot.people import Owner
from sandbox.hubspot.service import HubSpot

_AUDIT_SCOPE = "account-info.security.read"


async def list_owners(hubspot: HubSpot, request: Request) -> Response:
    """`GET /crm/v3/owners`, with `email`, `archived`, `limit`, `after`."""
    require(hubspot, "crm.objects.owners.read")
    archived = flag(request, "archived")
    email = request.query_params.get("email", "").lower()
    owners = [
        owner.shown()
        for owner in hubspot.owners.values()
        if owner.archived == archived and (not email or (owner.email or "").lower() == email)
    ]
    items, paging = page(request, owners, whole_number(request, "limit", 100, 500))
    return answer(hubspot, {"results": items, **paging})


async def read_owner(hubspot: HubSpot, request: Request) -> Response:
    """`GET /crm/v3/owners/{id}`; `idProperty=userId` looks up by user id."""
    require(hubspot, "crm.objects.owners.read")
    key = request.path_params["owner_id"]
    by = request.query_params.get("idProperty", "id")
    if by not in ("id", "userId"):
        raise invalid("idProperty must be one of: [id, userId]", idProperty=by)
    archived = flag(request, "archived")
    for owner in hubspot.owners.values():
        if owner.archived == archived and key == _identity(owner, by):
            return answer(hubspot, owner.shown())
    raise not_found(f"No owner found with {by} {key}")


def _identity(owner: Owner, by: str) -> str:
    if by == "id":
        return owner.id
    return str(owner.user_id or owner.inactive_user_id or "")


async def list_users(hubspot: HubSpot, request: Request) -> Response:
    """`GET /settings/v3/users`, with `limit` and `after`."""
    require(hubspot, "settings.users.read")
    users = [user.shown() for user in hubspot.users.values()]
    items, paging = page(request, users, whole_number(request, "limit", 100, 100))
    return answer(hubspot, {"results": items, **paging})


async def read_user(hubspot: HubSpot, request: Request) -> Response:
    """`GET /settings/v3/users/{id}`, by user id or `idProperty=EMAIL`."""
    require(hubspot, "settings.users.read")
    key = request.path_params["user_id"]
    by = request.query_params.get("idProperty", "USER_ID").upper()
    if by not in ("USER_ID", "EMAIL"):
        raise invalid("idProperty must be one of: [USER_ID, EMAIL]", idProperty=by)
    for user in hubspot.users.values():
        if key.lower() == (user.email.lower() if by == "EMAIL" else str(user.id)):
            return answer(hubspot, user.shown())
    raise not_found(f"No user found with {by} {key}")


async def details(hubspot: HubSpot, _request: Request) -> Response:
    """`GET /account-info/v3/details`."""
    account = hubspot.world.scenario.account
    offset = hubspot.world.clock.now().astimezone(ZoneInfo(account.time_zone)).utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    sign = "-" if seconds < 0 else "+"
    shown: dict[str, Any] = {
        "portalId": account.portal_id,
        "accountType": account.account_type,
        "timeZone": account.time_zone,
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": f"{sign}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}",
        "utcOffsetMilliseconds": seconds * 1000,
        "uiDomain": account.ui_domain,
        "dataHostingLocation": "eu1",
    }
    return answer(hubspot, shown)


async def daily_usage(hubspot: HubSpot, _request: Request) -> Response:
    """`GET /account-info/v3/api-usage/daily/private-apps`."""
    limits = hubspot.limits
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": limits.per_day,
        "currentUsage": limits.used_today,
        "collectedAt": hubspot.world.clock.now().isoformat(timespec="milliseconds"),
        "fetchStatus": "SUCCESS",
        "resetsAt": limits.resets_at.isoformat(timespec="milliseconds"),
    }
    return answer(hubspot, {"results": [usage]})


async def audit_logs(hubspot: HubSpot, request: Request) -> Response:
    """`GET /account-info/v3/activity/audit-logs`: on Enterprise accounts only."""
    require(hubspot, _AUDIT_SCOPE)
    if not hubspot.world.scenario.account.audit_logs:
        raise missing_scopes([_AUDIT_SCOPE])
    items, paging = page(request, hubspot.audit, whole_number(request, "limit", 100, 100))
    return answer(hubspot, {"results": items, **paging})
