"""What every human step at a vendor's page does: JSON in and out, who it is, refusals.

Used by the control routes of HubSpot and of Salesforce.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.scenario import Person
from sandbox.world import World

Action = Callable[[Request], Awaitable[dict[str, Any]]]


class Refused(Exception):
    """A human step at a vendor's page was refused; `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def served(action: Action) -> Callable[[Request], Awaitable[Response]]:
    """Wrap *action* so that it answers `{ok: true, …}`, and refusals as the README says."""

    async def serve(request: Request) -> Response:
        try:
            return JSONResponse({"ok": True, **await action(request)})
        except Refused as refused:
            body = {"ok": False, "error": refused.code, "message": str(refused)}
            return JSONResponse(body, 400)

    return serve


async def fields(request: Request, **kinds: type) -> dict[str, Any]:
    """Return the JSON body's fields, each of its kind, or raise :class:`Refused`."""
    try:
        data = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Refused("invalid_json", f"The body is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise Refused("invalid_json", "The body must be a JSON object.")
    for name, kind in kinds.items():
        if not isinstance(data.get(name), kind):
            raise Refused("invalid_arguments", f"'{name}' must be a {kind.__name__}.")
    return data


def person(world: World, user: str) -> Person:
    """Return the person with the Slack id *user*, or raise :class:`Refused`."""
    for found in world.scenario.people:
        if found.id == user:
            return found
    raise Refused("unknown_user", f"There is no person {user} in this scenario.")
