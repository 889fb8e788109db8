"""Fetching a file that lies with Slack: with the bot's token, from Slack's own host alone."""

from __future__ import annotations

import time

import requests
from requests.auth import AuthBase
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from bot.errors import VendorError
from workflows.errors import SunsetError
from workflows.text import N_

TIMEOUT_SECONDS = 15
PATIENCE_SECONDS = 30.0
"""For the whole of a file: the time-out alone is for each piece."""
PIECE = 65_536
_PORTS = {"https": 443, "http": 80}


class _Bearer(AuthBase):
    """Sends the token; unlike a header, it is not replaced by what a netrc file says."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def fetch(address: str, token: str, api: str, most: int) -> bytes:
    """Return what lies at *address*, at most *most* bytes.

    *api* is the Web API's address: a file lies at its host, or below (`files.slack.com`).

    Raises:
        VendorError: Slack does not hand it over, or did not answer.
        SunsetError: it lies elsewhere, or is larger.
    """
    if not _at_slack(address, api):
        raise SunsetError(
            "file_elsewhere",
            N_("The file is not stored in Slack."),
            N_("Upload the file itself, not a link to it."),
        )
    try:
        with requests.get(
            address,
            auth=_Bearer(token),
            stream=True,
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
        ) as answer:
            _check(answer)
            return _content(answer, most)
    except requests.RequestException as error:
        raise _lost(type(error).__name__) from error


def too_large(most: int) -> SunsetError:
    """Say how large a file may be."""
    return SunsetError(
        "file_too_large",
        N_("The file is larger than {most} bytes.", most=most),
        N_("Upload a smaller one, or split it."),
    )


def _at_slack(address: str, api: str) -> bool:
    try:
        # The parser that requests goes by: another one might see another host.
        there, slack = parse_url(address), parse_url(api)
    except LocationParseError:
        return False
    if there.host is None or slack.host is None or there.auth is not None:
        return False
    own = there.host == slack.host or there.host.endswith(f".{slack.host}")
    return own and there.scheme == slack.scheme and _port(there) == _port(slack)


def _port(url: Url) -> int | None:
    return url.port or _PORTS.get(url.scheme or "")


def _check(answer: requests.Response) -> None:
    """Refuse what is no file: Slack answers those who may not read it with a page to sign in."""
    status = answer.status_code
    if status in {404, 410}:
        raise gone()
    if status == 429 or status >= 500:
        raise _lost(f"http_{status}")
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    if status != 200 or page:
        raise VendorError(
            "slack",
            "slack_file_not_handed_over",
            N_("Slack did not hand the file over."),
            N_("Check that the app has the scope files:read, and install the app again."),
            missing="files:read",
        )


def _content(answer: requests.Response, most: int) -> bytes:
    until = time.monotonic() + PATIENCE_SECONDS
    content = bytearray()
    for piece in answer.iter_content(PIECE):
        content += piece
        if len(content) > most:
            raise too_large(most)
        if time.monotonic() > until:
            raise _lost("too_slow")
    return bytes(content)


def gone() -> VendorError:
    """Say that there is no such file any more."""
    return VendorError(
        "slack",
        "slack_file_gone",
        N_("The file is no longer in Slack."),
        N_("Upload it again."),
    )


def _lost(reason: str) -> VendorError:
    return VendorError(
        "slack",
        "slack_file_lost",
        N_("The file could not be fetched from Slack ({reason}).", reason=reason),
        N_("Nothing was changed. Upload it again."),
        retryable=True,
    )
