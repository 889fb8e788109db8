"""One call to HubSpot: budget, time-out, patience, and its answer as plain JSON.

The calls are those of hubspot-api-client. Its ``_preload_content=False`` hands over the answer
unread, so that the status (200 or 207) stays visible and nothing is guessed by model classes; its
own retry is switched off, because every try must pass the budget.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import hubspot
import urllib3
from hubspot.crm.objects.exceptions import ApiException as ObjectsError
from hubspot.crm.owners.exceptions import ApiException as OwnersError
from hubspot.settings.users.exceptions import ApiException as UsersError
from pydantic import BaseModel, ValidationError

from bot.vendors import hubspot_errors as errors
from bot.vendors.hubspot_limits import Budget
from bot.vendors.patience import Patience

Answer = tuple[int, Any]
"""An answer's status and its parsed JSON."""

M = TypeVar("M", bound=BaseModel)

_REFUSED = (ObjectsError, OwnersError, UsersError)
_NO_RETRY = urllib3.Retry(total=0, redirect=False, raise_on_status=False)


class HubSpotClient:
    """hubspot-api-client's API objects, built once (each has its own pool), and how to call them.

    ``timeout`` in seconds holds for connecting and for each wait for data.
    """

    def __init__(
        self, token: str, api_url: str, *, timeout: float, budget: Budget, patience: Patience
    ) -> None:
        # At DEBUG the library writes every answer, and so people's data, into the log.
        logging.getLogger("hubspot").setLevel(logging.INFO)
        client = hubspot.HubSpot(
            access_token=token,
            host=api_url.rstrip("/"),
            retry=_NO_RETRY,
            client_side_validation=False,
        )
        self.owners = client.crm.owners.owners_api
        self.users = client.settings.users.users_api
        self.search = client.crm.objects.search_api
        self.batch = client.crm.objects.batch_api
        self._timeout = timeout
        self._budget = budget
        self._patience = patience

    def get(self, path: str, *, scope: str) -> Any:
        """Read *path*, for which the library has no module (account-info).

        The library's ``api_request`` knows no time-out, so this goes through its ``call_api``.
        """
        return self.call(
            self.owners.api_client.call_api,
            path,
            "GET",
            header_params={"Accept": "application/json"},
            auth_settings=["oauth2"],
            scope=scope,
        )[1]

    def call(
        self,
        function: Callable[..., Any],
        *args: Any,
        scope: str,
        search: bool = False,
        write: bool = False,
        **kwargs: Any,
    ) -> Answer:
        """Call *function* of the library, with patience.

        ``scope`` is what the call needs; ``search`` draws on the search limit too; ``write``
        marks a call whose lost reply leaves its outcome unknown. Only writes that do no harm
        twice may come here. Raises :class:`VendorError`.
        """

        def once() -> Answer:
            self._budget.take(search=search)
            return self._once(function, args, kwargs, scope, write)

        return self._patience.call(once)

    def _once(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        scope: str,
        write: bool,
    ) -> Answer:
        try:
            response = function(
                *args, **kwargs, _preload_content=False, _request_timeout=self._timeout
            )
            body = response.data
        except _REFUSED as refused:
            headers = refused.headers or {}
            error = errors.refusal(refused.status, refused.body, headers, scope=scope, write=write)
            if error.code == "hubspot_rate_limit":
                policy = errors.parse(refused.body).policy_name
                error.retry_after = self._budget.refused(policy, error.retry_after)
            raise error from None
        except (urllib3.exceptions.HTTPError, OSError) as failure:
            raise errors.unreachable(failure, write=write) from None
        self._budget.observe(response.headers)
        try:
            return response.status, json.loads(body)
        except ValueError:
            raise errors.unreadable(scope, write=write) from None


def read(model: type[M], data: Any, what: str, *, write: bool = False) -> M:
    """Check *data* against *model*, or raise :class:`VendorError` ``hubspot_unreadable``."""
    try:
        return model.model_validate(data)
    except ValidationError:
        raise errors.unreadable(what, write=write) from None
