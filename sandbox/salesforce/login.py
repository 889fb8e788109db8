"""OAuth logins: JWT bearer and client credentials; and who the token's user is."""

from __future__ import annotations

import base64
import hmac
import re
import time
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.salesforce.service import Salesforce

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = re.compile(r"https://[\w.-]+\.salesforce\.com")


class LoginError(Exception):
    """A refused login, in OAuth's words."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


async def token(salesforce: Salesforce, request: Request) -> Response:
    """`POST /services/oauth2/token`."""
    form = await request.form()
    grant = str(form.get("grant_type", ""))
    try:
        if grant == JWT_BEARER:
            _check_assertion(salesforce, str(form.get("assertion", "")))
        else:
            _check_client(salesforce, request, form)
    except LoginError as error:
        body = {"error": error.error, "error_description": error.description}
        return JSONResponse(body, 400)
    org = salesforce.world.scenario.salesforce
    base = f"{request.url.scheme}://{request.url.netloc}"
    return JSONResponse(
        {
            "access_token": salesforce.sessions.token(),
            "scope": "api id",
            "instance_url": base,
            "id": f"{base}/id/{org.org_id}/{salesforce.people.api_user['Id']}",
            "token_type": "Bearer",
            "issued_at": str(int(time.time() * 1000)),
        }
    )


def _check_assertion(salesforce: Salesforce, assertion: str) -> None:
    org = salesforce.world.scenario.salesforce
    if not org.public_key or not org.consumer_key:
        raise LoginError("invalid_grant", "user hasn't approved this consumer")
    try:
        claims = jwt.decode(
            assertion, org.public_key, algorithms=["RS256"], options={"verify_aud": False}
        )
    except jwt.ExpiredSignatureError as error:
        raise LoginError("invalid_grant", "expired authorization code") from error
    except jwt.PyJWTError as error:
        raise LoginError("invalid_grant", "invalid assertion") from error
    if claims.get("iss") != org.consumer_key:
        raise LoginError("invalid_client_id", "client identifier invalid")
    if claims.get("sub") != org.username:
        raise LoginError("invalid_grant", "user hasn't approved this consumer")
    if not _AUDIENCE.fullmatch(str(claims.get("aud"))):
        raise LoginError("invalid_grant", "audience is invalid")


def _check_client(salesforce: Salesforce, request: Request, form: Any) -> None:
    if form.get("grant_type") != "client_credentials":
        raise LoginError("unsupported_grant_type", "grant type not supported")
    org = salesforce.world.scenario.salesforce
    key, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError as error:
            raise LoginError("invalid_client", "invalid client credentials") from error
    known = bool(org.consumer_key and org.consumer_secret)
    if (
        not known
        or key != org.consumer_key
        or not hmac.compare_digest(secret.encode(), org.consumer_secret.encode())
    ):
        raise LoginError("invalid_client", "invalid client credentials")
    if not org.client_user:
        raise LoginError("invalid_grant", "no client credentials user enabled")


async def user_info(salesforce: Salesforce, _request: Request) -> Response:
    """`GET /services/oauth2/userinfo`."""
    user = salesforce.people.api_user
    org = salesforce.world.scenario.salesforce
    return JSONResponse(
        {
            "sub": user["Id"],
            "user_id": user["Id"],
            "organization_id": org.org_id,
            "preferred_username": user["Username"],
            "name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "active": True,
            "user_type": "STANDARD",
        }
    )
