"""The HubSpot server: which endpoint answers which path."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from sandbox.hubspot import account, batches, custom, objects, token
from sandbox.hubspot.answers import Handler, endpoint, http_error, refuse
from sandbox.hubspot.door import Door
from sandbox.hubspot.service import HubSpot

_SCHEMAS = ("/crm/v3/schemas", "/crm-object-schemas/v3/schemas")
_OBJECTS = "/crm/v3/objects/{object_type}"
_ENDPOINTS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/crm/v3/owners", account.list_owners),
    ("GET", "/crm/v3/owners/{owner_id}", account.read_owner),
    ("GET", "/settings/v3/users", account.list_users),
    ("GET", "/settings/v3/users/{user_id}", account.read_user),
    ("POST", "/oauth/v2/private-apps/get/access-token-info", token.info),
    ("GET", "/account-info/v3/details", account.details),
    ("GET", "/account-info/v3/api-usage/daily/private-apps", account.daily_usage),
    ("GET", "/account-info/v3/activity/audit-logs", account.audit_logs),
    *(("GET", path, custom.list_schemas) for path in _SCHEMAS),
    *(("GET", f"{path}/{{object_type}}", custom.read_schema) for path in _SCHEMAS),
    ("POST", f"{_OBJECTS}/search", objects.do_search),
    ("POST", f"{_OBJECTS}/batch/read", batches.batch_read),
    ("POST", f"{_OBJECTS}/batch/update", batches.batch_update),
    ("GET", _OBJECTS, objects.list_page),
    ("GET", f"{_OBJECTS}/{{object_id}}", objects.read_one),
    ("PATCH", f"{_OBJECTS}/{{object_id}}", objects.update_one),
)
_LISTS = ("/crm/v3/owners", "/settings/v3/users")  # the client library ends these with a slash


def create_app(hubspot: HubSpot) -> Starlette:
    """Return the ASGI application that stands for api.hubapi.com."""
    routes = [
        Route(path + end, endpoint(hubspot, handler), methods=[method])
        for method, path, handler in _ENDPOINTS
        for end in (("", "/") if path in _LISTS else ("",))
    ]
    door = Middleware(Door, world=hubspot.world, service="hubspot", refuse=refuse(hubspot))
    return Starlette(
        routes=routes, middleware=[door], exception_handlers={HTTPException: http_error}
    )
