"""Salesforce, in the heart's words (facts/salesforce.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from requests.adapters import HTTPAdapter

from bot.ports import Removal, SalesforcePerson
from bot.vendors import salesforce_blockers, salesforce_inventory, salesforce_removal
from bot.vendors.patience import Patience
from bot.vendors.salesforce_errors import unreadable
from bot.vendors.salesforce_http import Row, SalesforceClient, TimeoutAdapter
from bot.vendors.salesforce_login import JwtLogin, Login, TokenLogin
from bot.vendors.salesforce_people import people
from workflows.values import Inventory, Package

__all__ = ["JwtLogin", "Salesforce", "TokenLogin"]

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

    def installed_package(self) -> Package | None:
        """Return the package, or None if it is not installed: the best proof that it is gone."""
        for row in self._client.tooling(_PACKAGE, permission="Download AppExchange Packages"):
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

    def inventory(self) -> Inventory | None:
        """Return what goes for good with the package and what is found to block it.

        None if the package is not installed. ``incomplete`` says what could not be seen.
        """
        package = self.installed_package()
        if package is None:
            return None
        found, unlisted = salesforce_inventory.members(self._client, package.namespace)
        counted, uncounted = salesforce_inventory.objects(self._client, found)
        blocking, remarks = salesforce_blockers.blockers(self._client, package.namespace, found)
        org = next(iter(self._client.query("SELECT Id, IsSandbox FROM Organization LIMIT 1")), {})
        return Inventory(
            package=package,
            components=tuple(member.component for member in found),
            objects=tuple(counted),
            blockers=tuple(blocking),
            org_id=str(org.get("Id") or ""),
            org_is_sandbox=bool(org.get("IsSandbox")),
            org_url=self._client.instance_url,
            incomplete=(*salesforce_inventory.remarks(unlisted, uncounted), *remarks),
        )

    def people(self, emails: Iterable[str]) -> dict[str, SalesforcePerson]:
        """Find users by e-mail; the answer's keys are the e-mails in lower case."""
        return people(self._client, emails)

    def start_removal(self) -> str:
        """Ask for the package's removal through the Metadata API; return the deployment's id.

        Count on "no copy is kept". ``unknown`` in the error says that the request may have been
        accepted: look with :meth:`find_removal` before asking again.
        """
        return salesforce_removal.start(self._client, self._namespace, self._api_version)

    def removal(self, deployment_id: str) -> Removal:
        """Return how a removal stands, with what Salesforce names against it."""
        return salesforce_removal.status(self._client, self._namespace, deployment_id)

    def find_removal(self, since: datetime) -> Removal | None:
        """Look for a removal of the package that was asked for since *since* (aware)."""
        return salesforce_removal.find(self._client, self._namespace, since)


def _version(row: Row) -> str:
    """Return "3.0.1.1": major, minor, patch, build."""
    version = row.get("SubscriberPackageVersion")
    numbers = [version.get(part) for part in _VERSION] if isinstance(version, dict) else []
    return ".".join(str(number) for number in numbers if number is not None)
