"""What a vendor would refuse, found by reading a little of everything that a run reads.

Nothing is written, so a right that only writing needs (HubSpot's ``crm.objects.….write``) is not
found out here. Salesforce tells which permissions its user has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, runtime_checkable

from bot.errors import VendorError
from bot.ports import HubSpotPort, SalesforcePort
from bot.vendors.hubspot_owners import USERS_SCOPE
from bot.vendors.hubspot_scopes import CUSTOM_SCHEMAS, OWNERS_SCOPE, TICKETS
from bot.vendors.hubspot_values import scope_for
from bot.vendors.salesforce_rights import Right
from workflows.values import CORE_OBJECTS

NOBODY = "nobody@example.invalid"
NO_OWNER = "1"

COUNTED = (*CORE_OBJECTS, "tickets")
PROBED = frozenset(
    {
        OWNERS_SCOPE,
        USERS_SCOPE,
        *(scope_for(kind, "read") for kind in CORE_OBJECTS),
        TICKETS,
        CUSTOM_SCHEMAS,
    }
)
"""The scopes whose want :func:`check_hubspot` finds out."""

_POINTLESS_TO_GO_ON = frozenset({"unauthorized", "unreachable", "certificate", "private_key"})


@runtime_checkable
class TellsRights(Protocol):
    """A Salesforce that tells what the bot's user may do."""

    def rights(self) -> tuple[Right, ...]:
        """Return each thing that the procedure needs, and whether it is granted."""
        ...


def salesforce_rights(salesforce: object) -> tuple[Right, ...]:
    """Return what the procedure needs of the bot's user in Salesforce.

    Empty where nothing can be asked, for a reason that :func:`check_salesforce` tells.
    """
    if not isinstance(salesforce, TellsRights):
        return ()
    try:
        return salesforce.rights()
    except VendorError:
        return ()


def check_hubspot(hubspot: HubSpotPort) -> list[VendorError]:
    """Return each different error that HubSpot answers with; an empty list is good news."""
    return _errors(
        (
            hubspot.account,
            hubspot.active_owners,
            partial(hubspot.is_super_admin, NOBODY),
            *(partial(hubspot.count_by_owner, kind, [NO_OWNER]) for kind in COUNTED),
            hubspot.custom_objects,
            hubspot.daily_usage,
        )
    )


def check_salesforce(salesforce: SalesforcePort) -> list[VendorError]:
    """Return each different error that Salesforce answers with; an empty list is good news."""
    return _errors((salesforce.installed_package, partial(salesforce.people, [NOBODY])))


def _errors(probes: Iterable[Callable[[], object]]) -> list[VendorError]:
    found: dict[tuple[str, str], VendorError] = {}
    for probe in probes:
        try:
            probe()
        except VendorError as error:
            found.setdefault((error.code, error.missing), error)
            if error.code.partition("_")[2] in _POINTLESS_TO_GO_ON:
                break
    return list(found.values())
