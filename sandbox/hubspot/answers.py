"""What every HubSpot endpoint does: token, limits, scopes, JSON in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from pydantic_core import from_json, to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot.door import visit
from sandbox.hubspot.errors import (
    CORRELATION,
    HubSpotError,
    invalid,
    locked,
    migrating,
    missing_scopes,
    unauthorized,
)
from sandbox.hubspot.service import HubSpot
from sandbox.scenario import FaultKind

Handler = Callable[[HubSpot, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
GATEWAY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
)


def answer(hubspot: HubSpot, data: Any, status: int = 200, limits: bool = True) -> Response:
    """Return *data* with the headers that HubSpot sends; search has none about limits."""
    headers = {CORRELATION: str(uuid4())}
    if limits:
        headers.update(hubspot.limits.headers())
    return Response(to_json(data), status, headers, "application/json")


def is_search(request: Request) -> bool:
    """Say whether the search limit counts for *request* instead of the general one."""
    return request.method == "POST" and request.url.path.endswith("/search")


def endpoint(hubspot: HubSpot, handler: Handler) -> Endpoint:
    """Wrap *handler*: token first, then limits, and refusals in HubSpot's shape."""

    async def serve(request: Request) -> Response:
        try:
            _authenticate(hubspot, request)
            hubspot.limits.take(is_search(request))
            return await handler(hubspot, request)
        except HubSpotError as error:
            return error.response()

    return serve


def _authenticate(hubspot: HubSpot, request: Request) -> None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or token != hubspot.world.scenario.account.token:
        raise unauthorized()


def require(hubspot: HubSpot, *scopes: str) -> None:
    """Raise HubSpot's 403 when the token was not granted one of *scopes*."""
    missing = [scope for scope in scopes if scope in hubspot.scopes_missing]
    if missing:
        raise missing_scopes(missing)


async def body(request: Request) -> tuple[Any, int]:
    """Return the JSON body of *request* and its length in characters."""
    raw = await request.body()
    try:
        return from_json(raw), len(raw.decode())
    except ValueError as error:
        raise invalid(f"Invalid input JSON: {error}") from error


def whole_number(request: Request, name: str, default: int, most: int) -> int:
    """Return the query parameter *name*, between 1 and *most*."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not raw.isdigit() or not 1 <= int(raw) <= most:
        raise invalid(f"{name} must be an integer between 1 and {most}", **{name: raw})
    return int(raw)


def flag(request: Request, name: str) -> bool:
    """Return the query parameter *name* as a truth value; missing is false."""
    return request.query_params.get(name, "false").lower() == "true"


def page(request: Request, items: list[Any], limit: int) -> tuple[list[Any], dict[str, Any]]:
    """Return the page of *items* that `after` asks for, and the `paging` part if more follow."""
    after = request.query_params.get("after") or "0"
    if not after.isdigit():
        raise invalid("The value for 'after' is not valid", after=after)
    end = int(after) + limit
    if end >= len(items):
        return items[int(after) : end], {}
    url = request.url.include_query_params(after=end)
    return items[int(after) : end], {"paging": {"next": {"after": str(end), "link": str(url)}}}


def refuse(hubspot: HubSpot) -> Callable[[FaultKind, Request], Response]:
    """Return what makes the answers of the faults that refuse."""

    def make(kind: FaultKind, request: Request) -> Response:
        match kind:
            case "429":
                return hubspot.limits.refusal(is_search(request)).response()
            case "unauthorized":
                return unauthorized().response()
            case "502":
                return Response(GATEWAY_PAGE, 502, media_type="text/html")
            case "locked":
                return locked().response()
            case "migrating":
                fault = visit(request).fault
                return migrating(max(1, round(fault.delay if fault else 0))).response()
        return HubSpotError(500, None, "internal error").response()

    return make


async def http_error(_request: Request, error: Exception) -> Response:
    """Answer an unknown path or a wrong method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    text = "resource not found" if status == 404 else str(error)
    return HubSpotError(status, None, text).response()
