"""HubSpot's error answers (facts/hubspot.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse, Response

CORRELATION = "x-hubspot-correlation-id"
NO_CREDENTIALS = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
    "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)
SCOPES_LINK = "https://developers.hubspot.com/scopes"


class HubSpotError(Exception):
    """A refusal in HubSpot's shape; `more` is merged into the body."""

    def __init__(
        self,
        status: int,
        category: str | None,
        message: str,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.more = dict(more or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the answer, with a new correlation id in body and header."""
        correlation = str(uuid4())
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation,
            **self.more,
        }
        if self.category is not None:
            body["category"] = self.category
        return JSONResponse(body, self.status, {**self.headers, CORRELATION: correlation})


def unauthorized() -> HubSpotError:
    """Return the 401 for a missing or unknown token."""
    return HubSpotError(401, "INVALID_AUTHENTICATION", NO_CREDENTIALS)


def missing_scopes(scopes: Sequence[str]) -> HubSpotError:
    """Return the 403 for a token that was not granted *scopes*."""
    return HubSpotError(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_LINK}.",
        {
            "errors": [
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": list(scopes)},
                }
            ],
            "links": {"scopes": SCOPES_LINK},
        },
    )


def invalid(message: str, code: str | None = None, **context: str) -> HubSpotError:
    """Return the 400 VALIDATION_ERROR; *context* says which field (its values become lists)."""
    if code is None and not context:
        return HubSpotError(400, "VALIDATION_ERROR", message)
    detail: dict[str, Any] = {"message": message}
    if code:
        detail["code"] = code
    detail["context"] = {key: [value] for key, value in context.items()}
    return HubSpotError(400, "VALIDATION_ERROR", message, {"errors": [detail]})


def not_found(message: str) -> HubSpotError:
    """Return the 404 of an object that is not there."""
    return HubSpotError(404, "OBJECT_NOT_FOUND", message)


def locked() -> HubSpotError:
    """Return the 423 of an object type that takes in too much at once; it lasts 2 seconds."""
    return HubSpotError(423, None, "The resource is locked. Wait 2 seconds, then try again.")


def migrating(seconds: int) -> HubSpotError:
    """Return the 477 of an account that is moved to another data centre for some *seconds*."""
    return HubSpotError(
        477,
        None,
        "The account is being migrated between data hosting locations.",
        headers={"Retry-After": str(seconds)},
    )


def rate_limited(policy: str, group: str) -> HubSpotError:
    """Return the 429 of *policy* TEN_SECONDLY_ROLLING, SECONDLY or DAILY."""
    return HubSpotError(
        429,
        None,
        f"You have reached your {policy.lower()} limit.",
        {"errorType": "RATE_LIMIT", "policyName": policy, "groupName": group},
    )
