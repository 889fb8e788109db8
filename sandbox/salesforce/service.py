"""The Salesforce org: what it holds, who the token's user is, and its daily limit."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.steps import Refused
from sandbox.salesforce.bulk import Jobs
from sandbox.salesforce.data import DataCatalog
from sandbox.salesforce.deploy import Deployments
from sandbox.salesforce.errors import insufficient_access, invalid_type, request_limit
from sandbox.salesforce.package import InstalledPackage
from sandbox.salesforce.paging import Cursors
from sandbox.salesforce.people import People
from sandbox.salesforce.sessions import Sessions
from sandbox.salesforce.tooling import ToolingCatalog
from sandbox.scenario import Person
from sandbox.world import World

DAILY_REQUESTS = 100_000


class Salesforce:
    """One Salesforce org with the HubSpot package in it, if the scenario says so."""

    def __init__(self, world: World) -> None:
        self.world = world
        org = world.scenario.salesforce
        self.sessions = Sessions(org.access_token, org.session_requests)
        self.people = People(world.scenario)
        self.package = InstalledPackage(world)
        self.data = DataCatalog(world, self.package, self.people)
        self.deployments = Deployments(world, self.package, self.people.api_user)
        self.tooling = ToolingCatalog(self.package, self.people, self.deployments.rows)
        self.cursors = Cursors()
        self.jobs = Jobs(self.data, self.people.api_user["Id"])
        self.requests = 0

    def take(self) -> None:
        """Count one API request, or raise REQUEST_LIMIT_EXCEEDED; let deployments get on."""
        self.deployments.settle()
        if self.requests >= DAILY_REQUESTS:
            raise request_limit()
        self.requests += 1

    def require_metadata(self) -> None:
        """Raise INSUFFICIENT_ACCESS when the token's user may not use the Metadata API."""
        if not self.world.scenario.salesforce.may_use_metadata:
            raise insufficient_access(
                "insufficient access rights on cross-reference id: the permission Modify Metadata "
                "Through Metadata API Functions, or Modify All Data, is needed"
            )

    def require_setup(self, source: str) -> None:
        """Raise what Salesforce answers when the token's user may not query *source* in Setup.

        Who lacks Download AppExchange Packages is told that there is no such object as the
        installed packages.
        """
        org = self.world.scenario.salesforce
        if source.lower() == "installedsubscriberpackage":
            if not org.may_uninstall:
                raise invalid_type(source)
        elif not org.may_view_setup:
            raise insufficient_access("insufficient access rights on object id")

    def uninstall(self, person: Person, keep_copy: bool, consent: bool) -> None:
        """P3d–f by *person* in Setup; raise :class:`Refused` when Salesforce would not do it."""
        if person.role != "administrator" or not self.world.scenario.salesforce.may_uninstall:
            raise Refused(
                "not_permitted",
                f"{person.name} lacks the permission Download AppExchange Packages.",
            )
        if not consent:
            raise Refused(
                "consent_missing",
                "Tick “Yes, I want to uninstall this package and permanently delete all "
                "associated components”.",
            )
        self.package.start(keep_copy)

    def state(self) -> dict[str, Any]:
        """What the control API and the page show."""
        self.deployments.settle()
        org = self.world.scenario.salesforce
        return {
            **self.package.state(),
            "org_id": org.org_id,
            "is_sandbox": org.is_sandbox,
            "deployments": self.deployments.rows(),
        }
