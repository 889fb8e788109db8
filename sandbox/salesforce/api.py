"""The Salesforce server: which endpoint answers which path. The caller puts TLS in front."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.hubspot.door import Door, visit
from sandbox.salesforce import composite, describe, login, tooling
from sandbox.salesforce.bulk import DEFAULT_PAGE
from sandbox.salesforce.errors import (
    SalesforceError,
    concurrent_limit,
    invalid_session,
    malformed,
    not_found,
)
from sandbox.salesforce.paging import page_size
from sandbox.salesforce.service import DAILY_REQUESTS, Salesforce
from sandbox.salesforce.soql import parse
from sandbox.salesforce.tables import run
from sandbox.scenario import FaultKind

Handler = Callable[[Salesforce, Request], Awaitable[Response]]
OLDEST, NEWEST = 31, 66
MAX_ADDRESS = 16_384  # bytes of a request's path and query


def _admit(salesforce: Salesforce, request: Request) -> None:
    if len(request.scope["raw_path"]) + len(request.scope["query_string"]) > MAX_ADDRESS:
        raise SalesforceError(414, "URI_TOO_LONG", "The address is longer than 16 KB")
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() not in ("bearer", "oauth") or not salesforce.sessions.admits(given):
        raise invalid_session()
    if not salesforce.world.scenario.salesforce.may_use_api:
        text = "API is not enabled for this Organization or Partner"
        raise SalesforceError(403, "API_DISABLED_FOR_ORG", text)
    salesforce.take()


def _version(request: Request) -> str:
    version = str(request.path_params["version"])
    major, _, minor = version.partition(".")
    if not major.isdigit() or minor != "0" or not OLDEST <= int(major) <= NEWEST:
        raise not_found()
    return version


def _endpoint(salesforce: Salesforce, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            _admit(salesforce, request)
            response = await handler(salesforce, request)
        except SalesforceError as error:
            return error.response()
        usage = f"api-usage={salesforce.requests}/{DAILY_REQUESTS}"
        response.headers["Sforce-Limit-Info"] = usage
        return response

    return serve


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise SalesforceError(400, "JSON_PARSER_ERROR", f"Cannot parse: {error}") from error


async def versions(_request: Request) -> Response:
    """`GET /services/data`: needs no token."""
    found = [
        {"label": f"API {number}.0", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]
    return JSONResponse(found)


async def query(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/query` and `…/queryAll`."""
    return _query(salesforce, request, "query")


async def tooling_query(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/tooling/query`."""
    return _query(salesforce, request, "tooling/query")


def _query(salesforce: Salesforce, request: Request, path: str) -> Response:
    version = _version(request)
    text = request.query_params.get("q", "")
    visit(request).detail["q"] = text
    if not text.strip():
        raise malformed("a query string has to be specified")
    asked = parse(text)
    if path == "query":
        result = run(salesforce.data, asked)
    else:
        salesforce.require_setup(asked.source)
        tooling.check(asked)
        result = run(salesforce.tooling, asked)
    size = page_size(request.headers.get("sforce-query-options"))
    page = salesforce.cursors.first(result, version, path, size)
    visit(request).detail["total"] = page["totalSize"]
    return JSONResponse(page)


async def more(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/query/<locator>`, in the Tooling API too."""
    path = "tooling/query" if "/tooling/" in request.url.path else "query"
    version = _version(request)
    return JSONResponse(salesforce.cursors.more(request.path_params["locator"], version, path))


async def describe_all(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/sobjects`."""
    version = _version(request)
    names = salesforce.data.names()
    found = [describe.short(salesforce.data.entity(name), version) for name in names]
    return JSONResponse({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})


async def basic(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/sobjects/<name>`."""
    version = _version(request)
    entity = describe.entity_at(salesforce.data, request.path_params["name"])
    return JSONResponse({"objectDescribe": describe.short(entity, version), "recentItems": []})


async def describe_one(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/sobjects/<name>/describe`."""
    version = _version(request)
    entity = describe.entity_at(salesforce.data, request.path_params["name"])
    return JSONResponse(describe.full(entity, version))


async def read_record(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/sobjects/<name>/<id>`."""
    version = _version(request)
    entity = describe.entity_at(salesforce.data, request.path_params["name"])
    return JSONResponse(describe.record(entity, request.path_params["record_id"], version))


async def tooling_composite(salesforce: Salesforce, request: Request) -> Response:
    """`POST …/tooling/composite`."""
    _version(request)
    return JSONResponse(composite.answer(salesforce, await _json(request)))


async def limits(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/limits`."""
    _version(request)
    left = DAILY_REQUESTS - salesforce.requests
    return JSONResponse(
        {
            "DailyApiRequests": {"Max": DAILY_REQUESTS, "Remaining": left},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        }
    )


async def record_count(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/limits/recordCount?sObjects=A,B`; unknown names are left out."""
    _version(request)
    asked = [name for name in request.query_params.get("sObjects", "").split(",") if name]
    counts = [
        {"name": name, "count": salesforce.data.estimate(name)}
        for name in salesforce.data.all_names()
        if not asked or name in asked
    ]
    return JSONResponse({"sObjects": counts})


async def create_job(salesforce: Salesforce, request: Request) -> Response:
    """`POST …/jobs/query`."""
    version = _version(request)
    job = salesforce.jobs.create(await _json(request))
    return JSONResponse(salesforce.jobs.shown(job, version))


async def job(salesforce: Salesforce, request: Request) -> Response:
    """`GET`, `PATCH` and `DELETE …/jobs/query/<id>`."""
    version = _version(request)
    found = salesforce.jobs.find(request.path_params["job_id"])
    if request.method == "DELETE":
        salesforce.jobs.delete(found)
        return Response(status_code=204)
    if request.method == "PATCH":
        salesforce.jobs.set_state(found, await _json(request))
    else:
        salesforce.jobs.advance(found)
    return JSONResponse(salesforce.jobs.shown(found, version))


async def job_results(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/jobs/query/<id>/results?maxRecords=&locator=`: CSV."""
    _version(request)
    found = salesforce.jobs.find(request.path_params["job_id"])
    most = request.query_params.get("maxRecords", str(DEFAULT_PAGE))
    if not most.isdigit() or int(most) < 1:
        raise SalesforceError(400, "INVALIDJOB", "maxRecords must be a positive number")
    page = salesforce.jobs.page(found, request.query_params.get("locator", ""), int(most))
    headers = {
        "Sforce-Locator": page.locator or "null",
        "Sforce-NumberOfRecords": str(page.count),
    }
    return StreamingResponse(page.text, headers=headers, media_type="text/csv")


async def deploy(salesforce: Salesforce, request: Request) -> Response:
    """`POST …/metadata/deployRequest`: multipart, the options as JSON and the zip."""
    version = _version(request)
    salesforce.require_metadata()
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise SalesforceError(400, "INVALID_MULTIPART_REQUEST", "a multipart request is expected")
    parts = (await request.form()).multi_items()
    options: Any = None
    data = b""
    for _, part in parts:
        content = await part.read() if isinstance(part, UploadFile) else part.encode()
        if content.startswith(b"PK"):
            data = content
        else:
            try:
                options = json.loads(content)
            except ValueError as error:
                raise SalesforceError(400, "JSON_PARSER_ERROR", f"Cannot parse: {error}") from error
    if not isinstance(options, dict) or not isinstance(options.get("deployOptions"), dict):
        raise SalesforceError(400, "INVALID_INPUT", "the part with deployOptions is missing")
    started = salesforce.deployments.start(options["deployOptions"], data)
    visit(request).detail["deployment"] = started.id
    return JSONResponse(_deployment(salesforce, request, version, started.id, False), 201)


async def deploy_status(salesforce: Salesforce, request: Request) -> Response:
    """`GET …/metadata/deployRequest/<id>?includeDetails=true`."""
    version = _version(request)
    salesforce.require_metadata()
    details = request.query_params.get("includeDetails", "false").lower() == "true"
    key = request.path_params["deploy_id"]
    return JSONResponse(_deployment(salesforce, request, version, key, details))


def _deployment(
    salesforce: Salesforce, request: Request, version: str, key: str, details: bool
) -> dict[str, Any]:
    found = salesforce.deployments.find(key)
    base = f"{request.url.scheme}://{request.url.netloc}/services/data/v{version}"
    return {
        "id": found.id,
        "url": f"{base}/metadata/deployRequest/{found.id}",
        "deployOptions": found.options,
        "deployResult": salesforce.deployments.shown(found, details),
    }


def _refuse(kind: FaultKind, _request: Request) -> Response:
    if kind == "429":
        return concurrent_limit().response()
    if kind == "unauthorized":
        return invalid_session().response()
    if kind == "502":
        return Response("<html><body>Bad Gateway</body></html>", 502, media_type="text/html")
    message = "An unexpected error occurred. Please include this ErrorId if you contact support"
    return SalesforceError(500, "UNKNOWN_EXCEPTION", message).response()


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        text = "HTTP Method not allowed. Allowed are GET, POST, PATCH, DELETE where they make sense"
        return SalesforceError(405, "METHOD_NOT_ALLOWED", text).response()
    return not_found().response()


_DATA = "/services/data/v{version}"
_ENDPOINTS: tuple[tuple[tuple[str, ...], str, Handler], ...] = (
    (("GET",), "/query", query),
    (("GET",), "/queryAll", query),
    (("GET",), "/query/{locator}", more),
    (("GET",), "/tooling/query", tooling_query),
    (("GET",), "/tooling/query/{locator}", more),
    (("POST",), "/tooling/composite", tooling_composite),
    (("GET",), "/sobjects", describe_all),
    (("GET",), "/sobjects/{name}", basic),
    (("GET",), "/sobjects/{name}/describe", describe_one),
    (("GET",), "/sobjects/{name}/{record_id}", read_record),
    (("GET",), "/limits", limits),
    (("GET",), "/limits/recordCount", record_count),
    (("POST",), "/jobs/query", create_job),
    (("GET", "PATCH", "DELETE"), "/jobs/query/{job_id}", job),
    (("GET",), "/jobs/query/{job_id}/results", job_results),
    (("POST",), "/metadata/deployRequest", deploy),
    (("GET",), "/metadata/deployRequest/{deploy_id}", deploy_status),
)
_WITH_SLASH = ("/query", "/queryAll", "/tooling/query", "/sobjects", "/limits")


def create_app(salesforce: Salesforce) -> Starlette:
    """Return the ASGI application that stands for the org's instance URL and login host."""

    async def token(request: Request) -> Response:
        return await login.token(salesforce, request)

    routes = [
        Route("/services/oauth2/token", token, methods=["POST"]),
        Route("/services/oauth2/userinfo", _endpoint(salesforce, login.user_info), methods=["GET"]),
        Route("/services/data", versions, methods=["GET"]),
        Route("/services/data/", versions, methods=["GET"]),
    ]
    for methods, path, handler in _ENDPOINTS:
        for end in ("", "/") if path in _WITH_SLASH else ("",):
            serve = _endpoint(salesforce, handler)
            routes.append(Route(f"{_DATA}{path}{end}", serve, methods=list(methods)))
    door = Middleware(Door, world=salesforce.world, service="salesforce", refuse=_refuse)
    return Starlette(
        routes=routes, middleware=[door], exception_handlers={HTTPException: _http_error}
    )
