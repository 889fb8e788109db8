"""The human steps at Salesforce, for the page and for programs (sandbox/README.md)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.hubspot.steps import fields, person, served
from sandbox.salesforce.service import Salesforce


def routes(salesforce: Salesforce) -> list[Route]:
    """Return the `/sandbox/salesforce…` routes."""

    async def state(_request: Request) -> dict[str, Any]:
        return salesforce.state()

    async def uninstall(request: Request) -> dict[str, Any]:
        data = await fields(request, user=str, keep_copy=bool, consent=bool)
        who = person(salesforce.world, data["user"])
        salesforce.uninstall(who, data["keep_copy"], data["consent"])
        return salesforce.state()

    async def resolve(request: Request) -> dict[str, Any]:
        data = await fields(request, id=str)
        salesforce.package.resolve(data["id"])
        return salesforce.state()

    async def cancel(request: Request) -> dict[str, Any]:
        data = await fields(request, user=str, id=str)
        who = person(salesforce.world, data["user"])
        salesforce.deployments.cancel(data["id"], who.name)
        return salesforce.state()

    async def expire(_request: Request) -> dict[str, Any]:
        salesforce.sessions.end()
        return {}

    return [
        Route("/sandbox/salesforce", served(state), methods=["GET"]),
        Route("/sandbox/salesforce/uninstall", served(uninstall), methods=["POST"]),
        Route("/sandbox/salesforce/resolve-blocker", served(resolve), methods=["POST"]),
        Route("/sandbox/salesforce/cancel-deployment", served(cancel), methods=["POST"]),
        Route("/sandbox/salesforce/expire-session", served(expire), methods=["POST"]),
    ]
