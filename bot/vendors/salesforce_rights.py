"""What the bot's Salesforce user may do, and what is missing for the procedure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.errors import VendorError
from bot.vendors.salesforce_errors import API_ENABLED, grant
from bot.vendors.salesforce_http import (
    MODIFY_METADATA,
    VIEW_SETUP,
    SalesforceClient,
    not_available,
)
from workflows.text import N_, Text

DOWNLOAD_PACKAGES = "Download AppExchange Packages"
VIEW_ALL = "PermissionsViewAllData"
_MODIFY_ALL = "PermissionsModifyAllData"


@dataclass(frozen=True)
class Right:
    """One thing that the bot's user needs. ``granted`` None: Salesforce does not tell.

    ``problem`` is what it is needed for, ``remedy`` where it is granted.
    """

    name: str
    granted: bool | None
    problem: Text
    remedy: Text


@dataclass(frozen=True)
class _Need:
    permission: str
    fields: tuple[str, ...]
    """Salesforce's fields for it; any one of them is enough."""
    what_for: Text


_NEEDS: tuple[_Need, ...] = (
    _Need(
        API_ENABLED,
        ("PermissionsApiEnabled",),
        N_("Without it the bot's user can use no API at all."),
    ),
    _Need(
        VIEW_SETUP,
        ("PermissionsViewSetup",),
        N_("Without it the package's components and blockers cannot be listed."),
    ),
    _Need(
        DOWNLOAD_PACKAGES,
        ("PermissionsInstallMultiforce",),
        N_(
            "Without it the bot's user cannot see whether the package is installed. Who presses "
            "Uninstall in Setup needs it too."
        ),
    ),
    _Need(
        MODIFY_METADATA,
        ("PermissionsModifyMetadata", _MODIFY_ALL),
        N_(
            "Without it the bot cannot search page layouts, flows and profiles for blockers, and "
            "cannot remove the package itself."
        ),
    ),
)
_FIELDS = (VIEW_ALL, *dict.fromkeys(name for need in _NEEDS for name in need.fields))


def held(client: SalesforceClient) -> dict[str, bool]:
    """Return Salesforce's permission fields of the bot's user; empty where it does not tell."""
    try:
        rows = client.query(f"SELECT {', '.join(_FIELDS)} FROM UserPermissionAccess")  # noqa: S608 - ours
    except VendorError as error:
        if not not_available(error) and error.code != "salesforce_refused":
            raise
        if error.missing == API_ENABLED:
            return {"PermissionsApiEnabled": False}
        return {}
    return {name: bool(rows[0].get(name)) for name in _FIELDS} if rows else {}


def rights(client: SalesforceClient) -> Iterator[Right]:
    """Yield each permission that the procedure needs of the bot's user."""
    known = held(client)
    for need in _NEEDS:
        said = [known[name] for name in need.fields if name in known]
        yield Right(
            name=need.permission,
            granted=any(said) if said else None,
            problem=need.what_for,
            remedy=grant(need.permission),
        )
