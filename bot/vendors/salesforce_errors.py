"""Salesforce's refusals, translated."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import requests
import urllib3
from simple_salesforce.exceptions import SalesforceError

from bot.errors import VendorError
from bot.masking import SECRETS
from workflows.text import N_, Text

API_ENABLED = "API Enabled"
LONGEST_MESSAGE = 500
UNKNOWN_TYPE_CODES = frozenset(
    {"INVALID_TYPE", "INVALID_FIELD", "INVALID_TYPE_FOR_OPERATION", "NOT_FOUND"}
)
A_WHILE = 10.0
"""Seconds to wait where Salesforce says "too many requests" and not for how long."""
UNTIL_SOME_COME_BACK = 900.0
"""Seconds to wait where the requests of a day are used up: the 24 hours roll (TotalRequests)."""
LONGEST_PAUSE = 3_600.0
"""Seconds; whatever an answer asks for, somebody looks again after an hour."""
_OF_THE_DAY = "totalrequests"
_LIMIT_CODES = frozenset({"REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"})
_BUSY_CODES = frozenset({"SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "UNABLE_TO_LOCK_ROW"})
_NO_API_CODES = frozenset({"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"})
_LATER = N_("Wait some minutes and try again.")


def refusal(
    refused: SalesforceError,
    *,
    remedy: Text,
    permission: str,
    write: bool,
    retry_after: float | None = None,
) -> VendorError:
    """Translate an answer that is an error; ``permission`` is what the call needs.

    ``retry_after`` are the seconds that the answer asks to wait for, if it does.

    The code ``salesforce_not_available`` says that the org (or the user) has no such kind of
    object or field: Salesforce answers the same for *missing* and *not permitted*.
    """
    code, message = said(refused.content)
    status = int(refused.status)
    if code in _LIMIT_CODES:
        return _used_up(message, retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        return unauthorized(remedy, f"{code} {message}".strip())
    if code in _NO_API_CODES:
        return forbidden(message, API_ENABLED)
    if status == HTTPStatus.FORBIDDEN or code.startswith("INSUFFICIENT_ACCESS"):
        return forbidden(message, permission)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        # Refused at the door, so that nothing of it was done.
        return unavailable(status, retry_after=A_WHILE if retry_after is None else retry_after)
    lost = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT
    if lost or code in _BUSY_CODES:
        busy = unavailable(status, retry_after=retry_after)
        busy.unknown = write and lost
        return busy
    if code in UNKNOWN_TYPE_CODES and status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
        return VendorError(
            "salesforce",
            "salesforce_not_available",
            N_("Salesforce does not offer this: {message}", message=message),
            N_("Give the bot's Salesforce user the permission to see it, or look by hand."),
        )
    return VendorError(
        "salesforce",
        "salesforce_refused",
        N_(
            "Salesforce refused the request (status {status}, {code}): {message}",
            status=status,
            code=code or "-",
            message=message or "-",
        ),
        N_("Look at what Salesforce says, put it right in Salesforce, and try again."),
    )


def unauthorized(remedy: Text, said: str) -> VendorError:
    """Build the error for a login or a token that Salesforce does not accept."""
    return VendorError(
        "salesforce",
        "salesforce_unauthorized",
        N_("Salesforce does not accept the login: {message}", message=said or "-"),
        remedy,
    )


def hidden(error: VendorError, permission: str) -> VendorError:
    """Say *error* (Salesforce knows no such thing) as what it is to who lacks *permission*."""
    return forbidden(str(error.problem.args.get("message") or ""), permission)


def forbidden(message: str, permission: str) -> VendorError:
    """Build the error for what the bot's user may not do for want of *permission*."""
    return VendorError(
        "salesforce",
        "salesforce_forbidden",
        N_("Salesforce does not permit this: {message}", message=message or permission),
        grant(permission),
        missing=permission,
    )


def grant(permission: str) -> Text:
    """Say where a permission is given to the bot's user."""
    return N_(
        'Give the bot\'s Salesforce user the permission "{permission}": Setup > Users > Permission '
        "Sets > a permission set of that user > System Permissions.",
        permission=permission,
    )


def _used_up(message: str, retry_after: float | None) -> VendorError:
    if retry_after is None and _OF_THE_DAY in message.lower():
        retry_after = UNTIL_SOME_COME_BACK
    return VendorError(
        "salesforce",
        "salesforce_request_limit",
        N_("The Salesforce org has used up its API requests ({message}).", message=message),
        N_("They come back within 24 hours; wait, or raise the limit."),
        retryable=True,
        retry_after=retry_after,
    )


def unavailable(reason: str | int, *, retry_after: float | None = None) -> VendorError:
    """Build the error for a service that cannot answer just now."""
    return VendorError(
        "salesforce",
        "salesforce_unavailable",
        N_("Salesforce could not answer just now (status {status}).", status=reason),
        _LATER,
        retryable=True,
        retry_after=retry_after,
    )


def pause(header: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header, seconds or a date; None without one that can be used."""
    if not header:
        return None
    if header.strip().isdecimal():
        return min(float(header), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_PAUSE)


def unreachable(failure: requests.RequestException, *, write: bool) -> VendorError:
    """Translate a network failure; a request that never left cannot have been applied."""
    if isinstance(failure, requests.exceptions.SSLError):
        return VendorError(
            "salesforce",
            "salesforce_certificate",
            N_("Salesforce's certificate cannot be trusted."),
            N_("Look at the address of the instance, and at the certificate authorities in use."),
        )
    return VendorError(
        "salesforce",
        "salesforce_unreachable",
        N_("Salesforce did not answer ({reason}).", reason=type(failure).__name__),
        N_("Look at the network connection to Salesforce, then try again."),
        retryable=True,
        unknown=write and not _never_sent(failure),
    )


def unreadable(what: str, *, write: bool = False) -> VendorError:
    """Build the error for an answer that is not what Salesforce documents."""
    return VendorError(
        "salesforce",
        "salesforce_unreadable",
        N_("Salesforce's answer about {what} cannot be read.", what=what),
        N_("Look whether the address of the instance leads to Salesforce, then try again."),
        unknown=write,
    )


def _never_sent(failure: requests.RequestException) -> bool:
    if isinstance(failure, requests.exceptions.ConnectTimeout):
        return True
    cause = failure.args[0] if failure.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def said(content: Any) -> tuple[str, str]:
    """Return the error's code and message; the body can be a list, an object, text or bytes."""
    first = content[0] if isinstance(content, list) and content else content
    if isinstance(first, dict):
        code = str(first.get("errorCode") or first.get("error") or "")
        message = str(first.get("message") or first.get("error_description") or "")
        return code, SECRETS(message)[:LONGEST_MESSAGE]
    return "", ""
