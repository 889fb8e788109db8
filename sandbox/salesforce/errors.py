"""Salesforce's error answers: a list of `{message, errorCode}` (facts/salesforce.md)."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response


class SalesforceError(Exception):
    """A refusal in Salesforce's shape."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """Return the answer."""
        return JSONResponse([{"message": self.message, "errorCode": self.code}], self.status)


def invalid_session() -> SalesforceError:
    """Return the 401 of a missing, wrong or expired token."""
    return SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    """Return the 404 of a path or record that is not there."""
    return SalesforceError(404, "NOT_FOUND", message)


def malformed(message: str) -> SalesforceError:
    """Return the 400 of a query that cannot be read or is not allowed."""
    return SalesforceError(400, "MALFORMED_QUERY", message)


def invalid_type(name: str) -> SalesforceError:
    """Return the 400 of an object that does not exist (or exists no more)."""
    return SalesforceError(
        400,
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        "be sure to append the '__c' after the entity name. Please reference your WSDL or the "
        "describe call for the appropriate names.",
    )


def invalid_field(field: str, object_name: str) -> SalesforceError:
    """Return the 400 of a field that the object does not have."""
    return SalesforceError(
        400,
        "INVALID_FIELD",
        f"No such column '{field}' on entity '{object_name}'. If you are attempting to use a "
        "custom field, be sure to append the '__c' after the custom field name. Please reference "
        "your WSDL or the describe call for the appropriate names.",
    )


def insufficient_access(message: str) -> SalesforceError:
    """Return the 403 of a missing permission."""
    return SalesforceError(403, "INSUFFICIENT_ACCESS", message)


def request_limit() -> SalesforceError:
    """Return the 403 of a used-up daily limit."""
    return SalesforceError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def concurrent_limit() -> SalesforceError:
    """Return the 403 of too many requests at one time, which passes."""
    return SalesforceError(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    )
