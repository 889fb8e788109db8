"""The companies of the walks, and what others do in the Salesforce org meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.salesforce.package import InstalledPackage
from sandbox.scenario import Blocker, Scenario, load
from tests.backup.stock import Stock
from tests.death.stage import Stage

FAVORITES = "HubSpot_Inc__HubSpot_Favorites__c"
USERS_SCOPE = "settings.users.read"
LAYOUT = Blocker(type="Layout", name="Contact Layout", refers_to="HubSpotContactIntelligence")


def tidy(**changes: Any) -> Scenario:
    """The default company, smaller, and with *changes*."""
    found = load("tidy")
    small = {
        "hubspot_owners": found.hubspot_owners[:6],
        "salesforce_owners": (
            found.salesforce_owners[0],
            found.salesforce_owners[2],
            found.salesforce_owners[4],
        ),
        "package": found.package.model_copy(
            update={"objects": {"HubSpot_Favorites__c": 12}, "uninstall_seconds": 0.3}
        ),
    }
    return found.model_copy(update={**small, **changes})


def alone(**changes: Any) -> Scenario:
    """A company without Salesforce-only owners: nothing is to be reassigned."""
    found = tidy()
    return tidy(salesforce_owners=(), hubspot_owners=found.hubspot_owners[:2], **changes)


def blocked() -> Scenario:
    """The same, where Salesforce refuses to uninstall the package; people tell no rights."""
    package = tidy().package.model_copy(update={"blockers": (LAYOUT,)})
    account = tidy().account.model_copy(update={"scopes_missing": (USERS_SCOPE,)})
    return alone(package=package, account=account)


def grow(stage: Stage) -> None:
    """Let somebody install a version with a component more."""
    world, org = stage.sandbox.world, stage.sandbox.salesforce
    package = world.scenario.package
    more = package.model_copy(update={"components": package.components + 1})
    world.scenario = world.scenario.model_copy(update={"package": more})
    mail, local = org.package.mail, org.package.local
    fresh = InstalledPackage(world)
    fresh.mail, fresh.local = mail, local
    vars(org.package).update(vars(fresh))


def write(stage: Stage, number: int) -> None:
    """Let somebody edit record *number* of the package's object."""
    org = stage.sandbox.salesforce
    data = org.data
    if not isinstance(data, Stock):
        data = Stock(org)
        org.data = data
    entity = data.entity(FAVORITES)
    rows: list[Mapping[str, Any]] = [dict(row) for row in entity.rows]
    now: datetime = stage.sandbox.world.clock.now()
    rows[number - 1] = {**rows[number - 1], "SystemModstamp": f"{now:%Y-%m-%dT%H:%M:%S}.000+0000"}
    data.change(FAVORITES, {}, rows)
