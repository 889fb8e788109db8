"""The human steps at HubSpot, for the page and for programs (sandbox/README.md)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.hubspot import token
from sandbox.hubspot.control_records import RecordSteps
from sandbox.hubspot.service import HubSpot
from sandbox.hubspot.steps import Refused, fields, person, served


def routes(hubspot: HubSpot) -> list[Route]:
    """Return the `/sandbox/hubspot…` routes."""

    async def state(_request: Request) -> dict[str, Any]:
        return hubspot.state()

    async def disconnect(request: Request) -> dict[str, Any]:
        data = await fields(request, user=str, reason=str, phrase=str)
        hubspot.disconnect(person(hubspot.world, data["user"]), data["reason"], data["phrase"])
        return hubspot.state()

    async def delete_owners(request: Request) -> dict[str, Any]:
        data = await fields(request, user=str)
        deleted = hubspot.delete_salesforce_owners(person(hubspot.world, data["user"]))
        return {"deleted": deleted, **hubspot.state()}

    async def deactivate(request: Request) -> dict[str, Any]:
        data = await fields(request, id=str)
        hubspot.deactivate(data["id"])
        return hubspot.state()

    async def usage(request: Request) -> dict[str, Any]:
        data = await fields(request, used=int)
        if isinstance(data["used"], bool) or data["used"] < 0:
            raise Refused("invalid_arguments", "'used' must be a number of requests.")
        hubspot.limits.use(data["used"])
        return {"limits": hubspot.limits.state()}

    async def change_token(request: Request) -> dict[str, Any]:
        return await token.change(hubspot, request)

    async def super_admin(request: Request) -> dict[str, Any]:
        data = await fields(request, user=str, super_admin=bool)
        who = person(hubspot.world, data["user"])
        hubspot.set_super_admin(who, data["super_admin"])
        return {"user": who.id, "super_admin": data["super_admin"]}

    return [
        Route("/sandbox/hubspot", served(state), methods=["GET"]),
        Route("/sandbox/hubspot/disconnect", served(disconnect), methods=["POST"]),
        Route("/sandbox/hubspot/delete-salesforce-owners", served(delete_owners), methods=["POST"]),
        Route("/sandbox/hubspot/owner/deactivate", served(deactivate), methods=["POST"]),
        Route("/sandbox/hubspot/usage", served(usage), methods=["POST"]),
        Route("/sandbox/hubspot/token", served(change_token), methods=["POST"]),
        Route("/sandbox/hubspot/super-admin", served(super_admin), methods=["POST"]),
        *RecordSteps(hubspot).routes(),
    ]
