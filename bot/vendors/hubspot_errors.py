"""HubSpot's refusals, translated (shapes: facts/hubspot.md, "Limits", "Batch update")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import urllib3
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.errors import VendorError
from bot.masking import SECRETS
from workflows.text import N_

LONGEST_MESSAGE = 500
CORRELATION = "X-HubSpot-Correlation-Id"
LOCKED = 423
MIGRATING = 477
A_WHILE = 3600.0
"""Seconds to leave HubSpot alone when the day's requests are used up."""

_LATER = N_("Wait some minutes and try again.")
_ABOUT_RECORDS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_NO_OBJECT_TYPE = re.compile(
    r"infer object ?type|(unknown|invalid) object ?type|object ?type\b.*\bdoes(n't| not) exist",
    re.IGNORECASE,
)
_NO_PROPERTY = re.compile(
    r"\bpropert(y|ies) [\[\"'\w]+(, ?[\"'\w]+)*[\]\"']? (do|does)(n't| not) exist", re.IGNORECASE
)
"""A property itself, by name; not a value of one ("Property values were not valid: … stage 7 does
not exist"), which is about a record."""
_SCOPE_KEYS = ("requiredGranularScopes", "requiredScopes", "missingScopes", "scopes")
_NEVER_SENT = (
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.ProxyError,
)


class Said(BaseModel):
    """Part of an answer: what is not needed is ignored, null counts as absent."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}


class _Detail(Said):
    message: str = ""
    code: str = ""
    context: dict[str, Any] = {}


class Problem(Said):
    """The body of a HubSpot refusal; every field may be missing."""

    message: str = ""
    category: str = ""
    correlation_id: str = Field("", alias="correlationId")
    policy_name: str = Field("", alias="policyName")
    context: dict[str, Any] = {}
    errors: list[_Detail] = []

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that HubSpot says are missing."""
        contexts = [self.context, *(detail.context for detail in self.errors)]
        values = (context.get(key) for context in contexts for key in _SCOPE_KEYS)
        named = (value if isinstance(value, list) else [value] for value in values if value)
        return tuple(dict.fromkeys(str(scope) for scopes in named for scope in scopes))

    def code(self, status: int) -> str:
        """Return the stable code for a refusal that only a changed request can avoid."""
        codes = {detail.code for detail in self.errors}
        if status == HTTPStatus.NOT_FOUND:
            return "hubspot_not_found"
        if "INVALID_OWNER_ID" in codes or "INVALID_OWNER_ID" in self.message:
            return "hubspot_invalid_owner"
        if "PROPERTY_DOESNT_EXIST" in codes or _NO_PROPERTY.search(self.message):
            return "hubspot_no_property"
        if status not in _ABOUT_RECORDS or _NO_OBJECT_TYPE.search(self.message):
            return "hubspot_refused_altogether"
        return "hubspot_refused"

    @property
    def sentence(self) -> str:
        """What HubSpot says, with its details, in at most ``LONGEST_MESSAGE`` characters."""
        return shorten(self.message, (detail.message for detail in self.errors))

    @property
    def reason(self) -> str:
        """What HubSpot says, and under which category."""
        return categorised(self.sentence, self.category)


def shorten(message: str, details: Iterable[str] = ()) -> str:
    """Join *message* and *details*, each said once, and cut what is too long to be read."""
    parts = dict.fromkeys(part.strip() for part in (message, *details) if part.strip())
    said = SECRETS(" ".join(parts))
    return said if len(said) <= LONGEST_MESSAGE else said[: LONGEST_MESSAGE - 1] + "…"


def categorised(sentence: str, category: str) -> str:
    """Return HubSpot's *sentence* with its *category*; either may be empty."""
    category = SECRETS(category)
    if not sentence or not category or category in sentence:
        return sentence or category
    return f"{sentence} ({category})"


def parse(body: str | bytes | None) -> Problem:
    """Read the body of a refusal; a body of any other kind is an empty :class:`Problem`."""
    try:
        return Problem.model_validate(json.loads(body or "{}"))
    except (ValueError, ValidationError, RecursionError):
        return Problem.model_construct()


def refusal(
    status: int, body: str | bytes | None, headers: Mapping[str, str], *, scope: str, write: bool
) -> VendorError:
    """Translate an answer of *status*; *scope* is what the call needs, if HubSpot does not say."""
    problem = parse(body)
    reference = problem.correlation_id or headers.get(CORRELATION, "")
    wait = seconds(headers.get("Retry-After"))
    if status == HTTPStatus.UNAUTHORIZED:
        return unauthorized(reference)
    if status == HTTPStatus.FORBIDDEN:
        return forbidden(problem, scope, reference)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return limited(problem, wait, reference)
    if status in (LOCKED, MIGRATING) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = max(wait or 0.0, 2.0) if status == LOCKED else wait
        return VendorError(
            "hubspot",
            "hubspot_unavailable",
            N_("HubSpot could not answer just now (status {status}).", status=status),
            _LATER,
            reference=reference,
            retryable=True,
            retry_after=wait,
            unknown=write and status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    return VendorError(
        "hubspot",
        problem.code(status),
        N_(
            "HubSpot refused the request (status {status}): {message}",
            status=status,
            message=problem.reason or "-",
        ),
        N_("Look at what HubSpot says, put it right in HubSpot, and try again."),
        reference=reference,
    )


def unauthorized(reference: str) -> VendorError:
    """Build the error for a token that HubSpot does not accept."""
    return VendorError(
        "hubspot",
        "hubspot_unauthorized",
        N_("HubSpot does not accept the access token."),
        N_("Put a valid service key or private-app token into HUBSPOT_ACCESS_TOKEN."),
        reference=reference,
    )


def forbidden(problem: Problem, scope: str, reference: str) -> VendorError:
    """Build the error for a token that lacks a scope."""
    missing = ", ".join(problem.scopes) or scope
    return VendorError(
        "hubspot",
        "hubspot_missing_scope",
        N_("The HubSpot access token lacks the scope {scope}.", scope=missing),
        N_(
            "Add {scope} to the service key or private app whose token is in HUBSPOT_ACCESS_TOKEN.",
            scope=missing,
        ),
        reference=reference,
        missing=missing,
    )


def limited(problem: Problem, wait: float | None, reference: str) -> VendorError:
    """Build the error for a rate limit; the daily one does not end within a call's patience."""
    if problem.policy_name == "DAILY":
        return VendorError(
            "hubspot",
            "hubspot_daily_limit",
            N_("The HubSpot account has used up its API requests of today."),
            N_("They are counted anew at midnight of the account's time zone; wait until then."),
            reference=reference,
            retryable=True,
            retry_after=A_WHILE if wait is None else wait,
        )
    return VendorError(
        "hubspot",
        "hubspot_rate_limit",
        N_("HubSpot asks for a pause: too many requests."),
        _LATER,
        reference=reference,
        retryable=True,
        retry_after=wait,
    )


def unreachable(error: BaseException, *, write: bool) -> VendorError:
    """Translate a network failure; a request that never left cannot have been applied."""
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, BaseException) else error
    return VendorError(
        "hubspot",
        "hubspot_unreachable",
        N_("HubSpot did not answer ({reason}).", reason=type(cause).__name__),
        N_("Look at the network connection to HubSpot, then try again."),
        retryable=True,
        unknown=write and not isinstance(cause, _NEVER_SENT),
    )


def unreadable(what: str, *, write: bool = False, reference: str = "") -> VendorError:
    """Build the error for an answer that is not what HubSpot documents."""
    return VendorError(
        "hubspot",
        "hubspot_unreadable",
        N_("HubSpot's answer about {what} cannot be read.", what=what),
        N_("Look whether HUBSPOT_API_URL leads to HubSpot, then try again."),
        reference=reference,
        retryable=True,
        unknown=write,
    )


def seconds(value: str | None) -> float | None:
    """Read a ``Retry-After`` header; only the form in seconds is used by HubSpot."""
    try:
        number = float(value) if value else -1.0
    except ValueError:
        return None
    return min(number, A_WHILE) if number >= 0 else None
