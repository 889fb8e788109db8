"""One call to HubSpot: budget, time-out, patience, and its answer as plain JSON.

The calls are those of hubspot-api-client. Its ``_preload_content=False`` hands over the answer
unread, so that the status (200 or 207) stays visible and nothing is guessed by model classes; its
own retry is switched off, because every try must pass the budget.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import hubspot
import urllib3
from hubspot.crm.objects.exceptions import ApiException as ObjectsError
from hubspot.crm.owners.exceptions import ApiException as OwnersError
from hubspot.settings.users.exceptions import ApiException as UsersError

from bot.errors import VendorError
from bot.metrics import calling
from bot.vendors import hubspot_errors as errors
from bot.vendors.http_dates import http_date
from bot.vendors.hubspot_limits import Budget, Slots
from bot.vendors.hubspot_usage import Usage
from bot.vendors.patience import Patience

CONNECTIONS = 16
"""Kept open for each of the library's API objects: so many threads may call at once."""

T = TypeVar("T")

_REFUSED = (ObjectsError, OwnersError, UsersError)
_NO_RETRY = urllib3.Retry(total=0, redirect=False, raise_on_status=False)


@dataclass(frozen=True)
class Answer:
    """An answer's status, its parsed JSON, and HubSpot's correlation id."""

    status: int
    data: Any
    reference: str = ""


@dataclass(frozen=True)
class Question(Generic[T]):
    """A call: the library's function with its arguments, and how its answer is read.

    ``parse`` raises :class:`ValueError` for an answer that it cannot read; ``what`` names the
    answer then. ``scope`` is what the call needs. ``search`` draws on the search limit; ``write``
    marks a call whose lost reply leaves its outcome unknown.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    parse: Callable[[Answer], T]
    what: str
    scope: str
    search: bool = False
    write: bool = False


def _as_it_is(value: T) -> T:
    return value


class HubSpotClient:
    """hubspot-api-client's API objects, built once (each has its own pool), and how to call them.

    ``timeout`` in seconds holds for connecting and for each wait for data.
    """

    def __init__(
        self,
        token: str,
        api_url: str,
        *,
        timeout: float,
        budget: Budget,
        patience: Patience,
        usage: Usage,
    ) -> None:
        # At DEBUG the library writes every answer, and so people's data, into the log.
        library = logging.getLogger("hubspot")
        if library.getEffectiveLevel() < logging.INFO:
            library.setLevel(logging.INFO)
        client = hubspot.HubSpot(
            access_token=token,
            host=api_url.rstrip("/"),
            retry=_NO_RETRY,
            client_side_validation=False,
            connection_pool_maxsize=CONNECTIONS,
        )
        self.owners = client.crm.owners.owners_api
        self.users = client.settings.users.users_api
        self.search = client.crm.objects.search_api
        self.batch = client.crm.objects.batch_api
        for module in (self.search, self.batch):
            # What we send is plain JSON already: looking at each value again costs a third of a
            # call's time.
            module.api_client.sanitize_for_serialization = _as_it_is
        self.budget = budget
        self.usage = usage
        self.date: datetime | None = None
        """What time it was at HubSpot at its latest answer (to the second)."""
        self._timeout = timeout
        self._patience = patience

    def get(self, path: str, parse: Callable[[Answer], T], *, what: str, scope: str) -> T:
        """Read *path*: for what the library has no module, or one too slow to load."""
        headers = {"Accept": "application/json"}
        return self._ask("GET", path, parse, what, scope, header_params=headers)

    def ask(self, path: str, body: dict[str, Any], parse: Callable[[Answer], T], *, what: str) -> T:
        """Ask *path* with a body: a reading that HubSpot takes as a POST.

        The body is neither logged nor sent anywhere else: the library logs answers alone, and a
        redirection is not followed (``_NO_RETRY``).
        """
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return self._ask("POST", path, parse, what, "", header_params=headers, body=body)

    def _ask(
        self,
        method: str,
        path: str,
        parse: Callable[[Answer], T],
        what: str,
        scope: str,
        **given: Any,
    ) -> T:
        # The library's `api_request` knows no time-out, its `call_api` does.
        def call_api(**kwargs: Any) -> Any:
            return self.owners.api_client.call_api(
                path, method, auth_settings=["oauth2"], **given, **kwargs
            )

        return self.call(Question(call_api, (), parse, what, scope))

    def call(self, question: Question[T], **kwargs: Any) -> T:
        """Call with patience; only what does no harm twice may come here.

        Raises :class:`VendorError`.
        """

        def once() -> T:
            with self.budget.take(search=question.search) as slots, calling("hubspot"):
                return self.once(question, slots, **kwargs)

        return self._patience.call(once)

    def once(self, question: Question[T], slots: Slots, **kwargs: Any) -> T:
        """Call one time, with a slot of *slots*. Raises :class:`VendorError`."""
        write = question.write
        headers: Mapping[str, str] = {}
        try:
            response = question.function(
                *question.args, **kwargs, _preload_content=False, _request_timeout=self._timeout
            )
            headers = response.headers
            body = response.data
        except _REFUSED as refused:
            headers = refused.headers or {}
            raise self._refusal(question, refused) from None
        except UnicodeDecodeError as undecodable:  # the library's own, about a refusal's body
            told: Any = undecodable.__context__
            headers = told.headers or {}
            raise self._refusal(question, told) from None
        except (urllib3.exceptions.HTTPError, OSError) as failure:
            raise errors.unreachable(failure, write=write) from None
        finally:
            slots.answered(headers)
            self.usage.observe(headers)
            self.date = http_date(headers.get("Date")) or self.date
        reference = headers.get(errors.CORRELATION, "")
        try:
            return question.parse(Answer(response.status, json.loads(body), reference))
        except (ValueError, RecursionError):
            raise errors.unreadable(question.what, write=write, reference=reference) from None

    def _refusal(self, question: Question[Any], refused: Any) -> VendorError:
        error = errors.refusal(
            refused.status,
            refused.body,
            refused.headers or {},
            scope=question.scope,
            write=question.write,
        )
        if error.code == "hubspot_rate_limit":
            policy = errors.parse(refused.body).policy_name
            error.retry_after = self.budget.refused(
                policy, error.retry_after, search=question.search
            )
        elif error.code == "hubspot_daily_limit":
            error.retry_after = self.usage.seconds_to_reset() or error.retry_after
        return error
