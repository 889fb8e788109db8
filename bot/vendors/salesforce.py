"""Salesforce, in the heart's words (facts/salesforce.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from requests.adapters import HTTPAdapter

from bot.errors import VendorError
from bot.ports import Removal, SalesforcePerson
from bot.vendors import (
    salesforce_blockers,
    salesforce_counts,
    salesforce_inventory,
    salesforce_removal,
    salesforce_rights,
)
from bot.vendors.patience import Patience
from bot.vendors.salesforce_errors import hidden, unreadable
from bot.vendors.salesforce_http import Row, SalesforceClient, TimeoutAdapter
from bot.vendors.salesforce_login import ClientLogin, JwtLogin, Login, TokenLogin
from bot.vendors.salesforce_people import people
from bot.vendors.salesforce_rights import DOWNLOAD_PACKAGES, Right
from workflows.values import Inventory, Package

__all__ = ["ClientLogin", "JwtLogin", "Salesforce", "TokenLogin"]

API_VERSION = "62.0"
NAMESPACE = "HubSpot_Inc"

_PACKAGE = (
    "SELECT Id, SubscriberPackageId, SubscriberPackage.Name, SubscriberPackage.NamespacePrefix, "
    "SubscriberPackageVersion.Id, SubscriberPackageVersion.MajorVersion, "
    "SubscriberPackageVersion.MinorVersion, SubscriberPackageVersion.PatchVersion, "
    "SubscriberPackageVersion.BuildNumber FROM InstalledSubscriberPackage"
)
_VERSION = ("MajorVersion", "MinorVersion", "PatchVersion", "BuildNumber")


class Salesforce:
    """One Salesforce org behind its API; logs in at the first call.

    ``timeout`` in seconds holds for connecting and for each wait for data; ``ca_file`` is a
    certificate authority to trust instead of the usual ones; ``adapter`` replaces the transport.
    All methods raise :class:`bot.errors.VendorError`; ``missing`` then names a permission that
    the user was not given.
    """

    def __init__(
        self,
        login: Login,
        *,
        ca_file: Path | None = None,
        api_version: str = API_VERSION,
        namespace: str = NAMESPACE,
        timeout: float = 30.0,
        patience: Patience | None = None,
        adapter: HTTPAdapter | None = None,
    ) -> None:
        self._namespace = namespace
        self._api_version = api_version
        self._client = SalesforceClient(
            login,
            api_version=api_version,
            adapter=adapter or TimeoutAdapter(timeout, ca_file),
            patience=patience or Patience(),
        )

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._client.close()

    @property
    def client(self) -> SalesforceClient:
        """The connection that is logged in, for neighbours such as the Bulk API's reader."""
        return self._client

    @property
    def namespace(self) -> str:
        """The namespace that the package is looked for by."""
        return self._namespace

    def rights(self) -> tuple[Right, ...]:
        """Return what the procedure needs of the bot's user, and whether that is granted.

        The package's objects are among it, if the package can be seen.
        """
        permissions = tuple(salesforce_rights.rights(self._client))
        try:
            package = self.installed_package()
            if package is None:
                return permissions
            listed = salesforce_inventory.OBJECTS
            found, _ = salesforce_inventory.members(self._client, package.namespace, listed)
            return (*permissions, *salesforce_counts.readable(self._client, found))
        except VendorError as error:
            if not error.missing:
                raise
            return permissions  # what is missing is among them

    def installed_package(self) -> Package | None:
        """Return the package, or None if it is not installed: the best proof that it is gone."""
        for row in self._packages():
            package = row.get("SubscriberPackage")
            if not isinstance(package, dict):
                raise unreadable("the installed packages")
            if str(package.get("NamespacePrefix") or "").lower() == self._namespace.lower():
                return Package(
                    id=str(row.get("Id") or ""),
                    name=str(package.get("Name") or ""),
                    namespace=str(package.get("NamespacePrefix")),
                    version=_version(row),
                )
        return None

    def _packages(self) -> list[Row]:
        try:
            return self._client.tooling(_PACKAGE, permission=DOWNLOAD_PACKAGES)
        except VendorError as error:
            if error.code != "salesforce_not_available":
                raise
            # Salesforce hides the object from who lacks the right: that must never read as "gone".
            raise hidden(error, DOWNLOAD_PACKAGES) from None

    def inventory(self) -> Inventory | None:
        """Return what goes for good with the package and what is found to block it.

        None if the package is not installed. ``incomplete`` says what could not be seen, and how
        complete the search for blockers was. A small org costs about 50 API calls; see
        :func:`bot.vendors.salesforce_blockers.search` for a large one.
        """
        package = self.installed_package()
        if package is None:
            return None
        found, unlisted = salesforce_inventory.members(self._client, package.namespace)
        objects, inexact = salesforce_counts.objects(self._client, found)
        search = salesforce_blockers.search(self._client, package.namespace, found)
        if self.installed_package() is None:
            return None  # removed while it was read: what was listed is torn
        org = next(iter(self._client.query("SELECT Id, IsSandbox FROM Organization LIMIT 1")), {})
        return Inventory(
            package=package,
            components=tuple(member.component for member in found),
            objects=tuple(objects),
            blockers=search.blockers,
            permission_sets=search.permission_sets,
            folders=search.folders,
            org_id=str(org.get("Id") or ""),
            org_is_sandbox=bool(org.get("IsSandbox")),
            org_url=self._client.instance_url,
            incomplete=(
                search.searched,
                *inexact,
                *search.remarks,
                *salesforce_inventory.remarks(unlisted),
            ),
        )

    def people(self, emails: Iterable[str]) -> dict[str, SalesforcePerson]:
        """Find users by e-mail; the answer's keys are the e-mails in lower case."""
        return people(self._client, emails)

    def start_removal(self, *, rehearsal: bool = False) -> str:
        """Ask for the package's removal through the Metadata API, or for a rehearsal of it.

        Returns the deployment's id. Count on "no copy is kept". ``unknown`` in the error says that
        the request may have been accepted: look with :meth:`find_removals` before asking again.
        """
        return salesforce_removal.start(
            self._client, self._namespace, self._api_version, rehearsal=rehearsal
        )

    def removal(self, deployment_id: str) -> Removal:
        """Return how a removal stands, with what Salesforce names against it."""
        return salesforce_removal.status(self._client, self._namespace, deployment_id)

    def find_removals(self, since: datetime, *, rehearsal: bool = False) -> tuple[Removal, ...]:
        """List the deployments (or rehearsals) of anybody since *since* (aware), oldest first."""
        return salesforce_removal.find(self._client, since, rehearsal=rehearsal)


def _version(row: Row) -> str:
    """Return "3.0.1.1": major, minor, patch, build."""
    version = row.get("SubscriberPackageVersion")
    numbers = [version.get(part) for part in _VERSION] if isinstance(version, dict) else []
    return ".".join(str(number) for number in numbers if number is not None)
