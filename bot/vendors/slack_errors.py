"""Slack's refusals, translated (facts/slack.md)."""

from __future__ import annotations

import re

from slack_sdk.errors import SlackApiError

from bot.errors import VendorError
from workflows.text import N_

_AUTH = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
_LATER = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_CHANNEL = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action"})


def unreachable(error: Exception) -> VendorError:
    """Say that Slack did not answer; what was asked may have been done all the same."""
    return VendorError(
        "slack",
        "slack_unreachable",
        N_("Slack cannot be reached ({reason}).", reason=type(error).__name__),
        N_("The bot keeps trying; check the network if this lasts."),
        retryable=True,
        unknown=True,
    )


def app_token_refused(reason: str) -> VendorError:
    """Say that the app-level token does not work, and what to do."""
    return VendorError(
        "slack",
        "slack_app_token",
        N_("Slack does not accept the app-level token ({reason}).", reason=reason),
        N_("Put an app-level token (xapp-…) with connections:write into SLACK_APP_TOKEN."),
    )


def refusal(error: SlackApiError) -> VendorError:
    """Translate an answer that is not ok."""
    data = error.response.data if isinstance(error.response.data, dict) else {}
    retry_after = error.response.headers.get("Retry-After") if error.response.headers else None
    metadata = data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    reason = str(data.get("error"))
    if re.fullmatch(r"[a-z0-9_]+", reason) is None:
        reason = f"http_{error.response.status_code}"
    return _error(
        reason,
        str(data.get("needed", "")),
        status=int(error.response.status_code),
        retry_after=_seconds(retry_after),
        detail="; ".join(map(str, messages)) if isinstance(messages, list) else "",
    )


def _error(
    reason: str,
    needed: str,
    *,
    status: int = 200,
    retry_after: float | None = None,
    detail: str = "",
) -> VendorError:
    problem = N_("Slack refused a request: {reason} {detail}", reason=reason, detail=detail)
    remedy = N_("Look at the bot's log; if it lasts, ask the operator.")
    if reason in _AUTH:
        problem = N_("Slack does not accept the bot's token ({reason}).", reason=reason)
        remedy = N_("Put the app's Bot User OAuth Token (xoxb-…) into SLACK_BOT_TOKEN.")
    elif reason == "missing_scope":
        problem = N_("The Slack app lacks the scope {scope}.", scope=needed)
        remedy = N_("Add the scope on the app's OAuth page and install the app again.")
    elif reason == "unknown_method":
        needed = reason
        problem = N_("This workspace does not offer a method that the bot uses.")
    elif reason in _CHANNEL:
        problem = N_("The bot cannot use a Slack channel ({reason}).", reason=reason)
        remedy = N_("Invite the bot to SUNSET_CHANNEL and SUNSET_AUDIT_CHANNEL.")
    return VendorError(
        "slack",
        f"slack_{reason}",
        problem,
        remedy,
        retryable=reason in _LATER or status in {429, 500, 502, 503, 504},
        retry_after=retry_after,
        unknown=status >= 500,
        missing=needed,
        mendable=reason in _AUTH | _CHANNEL,
    )


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.strip().isdecimal() else None
