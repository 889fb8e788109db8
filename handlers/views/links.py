"""Addresses inside HubSpot and Salesforce; None where one cannot be known."""

from __future__ import annotations

import re

from workflows.run import Run
from workflows.values import Inventory

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_PORTAL = re.compile(r"[0-9]{1,20}")
_PATH = re.compile(r"/[A-Za-z0-9_.~%/?=&:+-]{1,500}")
_ORG = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/?")


def hubspot_integration(run: Run) -> str | None:
    """The page of the Salesforce integration in the run's HubSpot account (P1a)."""
    account = run.account
    if not (_HOST.fullmatch(account.ui_domain) and _PORTAL.fullmatch(account.portal_id)):
        return None
    return (
        f"https://{account.ui_domain}/integrations-settings/{account.portal_id}"
        "/installed/salesforce"
    )


def setup_page(inventory: Inventory | None, path: str) -> str | None:
    """A page in Setup of the run's org, by its path."""
    if inventory is None or not _ORG.fullmatch(inventory.org_url) or not _PATH.fullmatch(path):
        return None
    return f"{inventory.org_url.rstrip('/')}{path}"


def salesforce_packages(inventory: Inventory | None) -> str | None:
    """The page *Installed Packages* of the Salesforce org, in Lightning (P3a)."""
    if inventory is None or not _ORG.fullmatch(inventory.org_url):
        return None
    return f"{inventory.org_url.rstrip('/')}/lightning/setup/ImportedPackage/home"
