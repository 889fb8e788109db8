"""What a vendor would refuse, found by reading a little of everything that a run reads.

Nothing is written, so a right that only writing needs (HubSpot's ``crm.objects.….write``,
Salesforce's metadata permission) is not found out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from bot.errors import VendorError
from bot.ports import HubSpotPort, SalesforcePort
from workflows.values import CORE_OBJECTS

NOBODY = "nobody@example.invalid"
NO_OWNER = "1"

_POINTLESS_TO_GO_ON = frozenset({"unauthorized", "unreachable", "certificate", "private_key"})


def check_hubspot(hubspot: HubSpotPort) -> list[VendorError]:
    """Return each different error that HubSpot answers with; an empty list is good news."""
    return _errors(
        (
            hubspot.account,
            hubspot.active_owners,
            partial(hubspot.is_super_admin, NOBODY),
            *(partial(hubspot.count_by_owner, kind, [NO_OWNER]) for kind in CORE_OBJECTS),
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
