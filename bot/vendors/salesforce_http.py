"""One call to Salesforce: login, time-outs, patience, paging, and errors translated."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce as SimpleSalesforce
from simple_salesforce.exceptions import SalesforceError

from bot.errors import VendorError
from bot.metrics import calling
from bot.vendors import salesforce_errors as errors
from bot.vendors.patience import Patience
from bot.vendors.salesforce_errors import API_ENABLED
from bot.vendors.salesforce_login import Login

API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,100}")

READS_IN_A_CALL = 25
"""The most requests that one composite call may hold; it counts as one API request."""

VIEW_SETUP = "View Setup and Configuration"
MODIFY_METADATA = "Modify Metadata Through Metadata API Functions"

T = TypeVar("T")
Row = dict[str, Any]


class TimeoutAdapter(HTTPAdapter):
    """Gives every request a time-out (seconds), and optionally a certificate authority.

    simple-salesforce sets no time-out. The authority is set here because requests lets
    ``REQUESTS_CA_BUNDLE`` win over a session's own.
    """

    def __init__(self, timeout: float, ca_file: Path | None = None) -> None:
        self._timeout = timeout
        self._ca_file = ca_file
        super().__init__()

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send *request* with the time-out and the authority."""
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        if self._ca_file is not None:
            kwargs["verify"] = str(self._ca_file)
        return super().send(request, *args, **kwargs)


class SalesforceClient:
    """simple-salesforce behind a lazy login that is renewed once when a session has ended."""

    def __init__(
        self, login: Login, *, api_version: str, adapter: HTTPAdapter, patience: Patience
    ) -> None:
        # At DEBUG the library writes secrets into the log.
        library = logging.getLogger("simple_salesforce")
        if library.getEffectiveLevel() < logging.INFO:
            library.setLevel(logging.INFO)
        self._login = login
        self._api_version = api_version
        self._patience = patience
        self._session = requests.Session()
        self._session.mount("https://", adapter)
        # Without this, requests would put an entry of ~/.netrc in place of the token.
        self._session.auth = lambda request: request
        # The library keeps an answer's headers from its errors; each thread notes its own.
        self._answered = threading.local()
        self._session.hooks["response"].append(self._note)
        self._connected: SimpleSalesforce | None = None
        self._lock = threading.Lock()

    def _note(self, response: requests.Response, **_: Any) -> None:
        self._answered.wait = response.headers.get("Retry-After")

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._session.close()

    @property
    def instance_url(self) -> str:
        """The address that people open; logs in if that has not happened yet."""
        return f"https://{self.call(lambda sf: sf.sf_instance)}"

    def query(self, soql: str, *, permission: str = API_ENABLED) -> list[Row]:
        """Return all rows of a SOQL query, all pages."""
        return list(self._pages(lambda sf: sf.query(soql), permission))

    def tooling(self, soql: str, *, permission: str = VIEW_SETUP) -> list[Row]:
        """Return all rows of a Tooling API query, all pages."""
        return list(
            self._pages(lambda sf: sf.toolingexecute("query/", params={"q": soql}), permission)
        )

    def count(self, sobject: str) -> int:
        """Count the records of *sobject*: exact, but only those the user may see."""
        if not API_NAME.fullmatch(sobject):
            raise ValueError(f"not the API name of an object: {sobject!r}")
        answer = self.call(lambda sf: sf.query(f"SELECT count() FROM {sobject}"))  # noqa: S608 - checked
        total = answer.get("totalSize") if isinstance(answer, dict) else None
        if not isinstance(total, int):
            raise errors.unreadable(sobject)
        return total

    def estimates(self, names: Sequence[str]) -> dict[str, int]:
        """Return Salesforce's cached estimate of each object's records, of those it knows."""
        answer = self.call(
            lambda sf: sf.restful("limits/recordCount", params={"sObjects": ",".join(names)}),
            permission=VIEW_SETUP,
        )
        rows = answer.get("sObjects") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise errors.unreadable("recordCount")
        return {
            str(row["name"]): row["count"]
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("count"), int) and "name" in row
        }

    def tooling_records(self, sobject: str, ids: Sequence[str]) -> dict[str, Row]:
        """Read up to 25 records of the Tooling API, metadata included, in one API request.

        Those that Salesforce does not give are left out; the reason of the first such is raised
        when it gives none at all.
        """
        path = f"/services/data/v{self._api_version}/tooling/sobjects/{sobject}"
        asked = {
            "allOrNone": False,
            "compositeRequest": [
                {"method": "GET", "url": f"{path}/{key}", "referenceId": f"record{number}"}
                for number, key in enumerate(ids)
            ],
        }
        answer = self.call(
            lambda sf: sf.toolingexecute("composite", method="POST", data=asked),
            permission=MODIFY_METADATA,
        )
        parts = answer.get("compositeResponse") if isinstance(answer, dict) else None
        if not isinstance(parts, list) or len(parts) != len(ids):
            raise errors.unreadable(sobject)
        found: dict[str, Row] = {}
        refused: list[SalesforceError] = []
        for key, part in zip(ids, parts, strict=True):
            reply = part if isinstance(part, dict) else {}
            status, body = reply.get("httpStatusCode"), reply.get("body")
            if status == HTTPStatus.OK and isinstance(body, dict):
                found[key] = body
            else:
                code = status if isinstance(status, int) else HTTPStatus.BAD_REQUEST
                refused.append(SalesforceError(path, code, sobject, body))
        if refused and not found:
            raise errors.refusal(
                refused[0], remedy=self._login.remedy, permission=MODIFY_METADATA, write=False
            )
        return found

    def _pages(self, first: Callable[[SimpleSalesforce], Any], permission: str) -> Iterator[Row]:
        page = self.call(first, permission=permission)
        while True:
            if not isinstance(page, dict) or not isinstance(page.get("records"), list):
                raise errors.unreadable("query")
            yield from page["records"]
            following = page.get("nextRecordsUrl")
            if page.get("done", True) or not following:
                return
            page = self.call(partial(_following, following), permission=permission)

    def call(
        self,
        function: Callable[[SimpleSalesforce], T],
        *,
        permission: str = API_ENABLED,
        write: bool = False,
    ) -> T:
        """Call *function* with the connected library, with patience. Raises :class:`VendorError`.

        A ``write`` is tried again only when it cannot have been applied: an unknown outcome is
        handed to the caller, who looks before trying again.
        """

        def once() -> T:
            self._answered.wait = None
            try:
                return self._renewed(function)
            except SalesforceError as refused:
                error = errors.refusal(
                    refused,
                    remedy=self._login.remedy,
                    permission=permission,
                    write=write,
                    retry_after=errors.pause(self._answered.wait, datetime.now(UTC)),
                )
            except requests.exceptions.JSONDecodeError:
                error = errors.unreadable("request", write=write)
            except requests.RequestException as failure:
                error = errors.unreachable(failure, write=write)
            except (TypeError, ValueError, AttributeError, LookupError):
                # The library takes the shape of an answer for granted.
                error = errors.unreadable("request", write=write)
            raise error from None

        def counted() -> T:
            with calling("salesforce"):
                return once()

        return self._patience.call(counted, even_if_unknown=not write)

    def _renewed(self, function: Callable[[SimpleSalesforce], T]) -> T:
        connected = self._connect(None)
        try:
            return function(connected)
        except SalesforceError as refused:
            if not (self._login.renewable and _expired(refused)):
                raise
        return function(self._connect(connected))

    def _connect(self, stale: SimpleSalesforce | None) -> SimpleSalesforce:
        """Return the connection, logging in if there is none, or if it is the *stale* one."""
        with self._lock:
            if self._connected is None or self._connected is stale:
                access = self._login.access(self._session)
                self._connected = SimpleSalesforce(
                    session_id=access.token,
                    instance_url=f"https://{access.host}",
                    version=self._api_version,
                    session=self._session,
                )
            return self._connected


def _expired(refused: SalesforceError) -> bool:
    unauthorized = int(refused.status) == HTTPStatus.UNAUTHORIZED
    return unauthorized or errors.said(refused.content)[0] == "INVALID_SESSION_ID"


def _following(url: str, sf: SimpleSalesforce) -> Any:
    return sf.query_more(url, identifier_is_url=True)


def not_available(error: VendorError) -> bool:
    """Whether *error* says that this org or user has no such thing, so that others may be read."""
    return error.code in ("salesforce_not_available", "salesforce_forbidden")
