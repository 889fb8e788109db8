"""Salesforce: the login, the API's version, the org, each right, the package and its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simple_salesforce import Salesforce as SimpleSalesforce
from simple_salesforce.util import call_salesforce

from bot.checkup.finding import (
    GRANTED,
    Finding,
    ok,
    plain,
    refused,
    unknown,
    untold,
    warning,
    wrong,
)
from bot.checkup.salesforce_data import data
from bot.errors import VendorError
from bot.vendors.check import check_salesforce, salesforce_rights
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_errors import unreadable
from bot.vendors.salesforce_http import SalesforceClient
from bot.vendors.salesforce_login import ClientLogin, JwtLogin, Login
from bot.vendors.salesforce_rights import Right
from workflows.text import N_, Text

_NETWORK = N_(
    "Check this machine's network, and SALESFORCE_DOMAIN or SALESFORCE_INSTANCE_URL; then ask "
    "again."
)
_ORG = "SELECT Id, Name, IsSandbox, InstanceName FROM Organization LIMIT 1"


def visit(login: Login, salesforce: Salesforce, version: str) -> list[Finding]:
    """Look at everything; where nobody is let in, or the API is another, that is all there is."""
    client = salesforce.client
    check, what = "salesforce.login", _kind(login)
    try:
        versions = client.call(_versions)
        if version not in versions:
            return [_other_version(version, versions)]
        org = _org(client)
    except VendorError as error:
        return [refused(check, what, error, _NETWORK if error.retryable else None)]
    rights = salesforce_rights(salesforce)
    denied = {right.name for right in rights if right.granted is False}
    return [
        ok(check, what, plain(_user(client) or client.instance_url)),
        *_session(login),
        ok("salesforce.version", N_("API version"), plain(version)),
        org,
        *(_right(right) for right in rights),
        *_reading(salesforce, denied),
        *_package(salesforce, denied),
    ]


def _kind(login: Login) -> Text:
    if isinstance(login, JwtLogin):
        return N_("login (JWT bearer)")
    if isinstance(login, ClientLogin):
        return N_("login (client credentials)")
    return N_("login (existing session)")


def _session(login: Login) -> Iterator[Finding]:
    if not login.renewable:
        yield warning(
            "salesforce.session",
            N_("session"),
            N_(
                "The session in SALESFORCE_ACCESS_TOKEN ends by itself (Setup > Session Settings: "
                "after two hours, if nobody changed that), and the bot cannot renew it. A run "
                "takes days."
            ),
            N_("Use the JWT bearer flow for more than a short test: docs/connect.md."),
        )


def _other_version(version: str, versions: Sequence[str]) -> Finding:
    return wrong(
        "salesforce.version",
        N_("API version"),
        N_("The org does not offer version {version}.", version=version),
        N_(
            "Set SALESFORCE_API_VERSION to a version from {oldest} to {newest}.",
            oldest=versions[0],
            newest=versions[-1],
        ),
    )


def _get(sf: SimpleSalesforce, path: str) -> Any:
    url = f"https://{sf.sf_instance}{path}"
    return call_salesforce(url=url, method="GET", session=sf.session, headers=sf.headers).json()


def _versions(sf: SimpleSalesforce) -> list[str]:
    """Return the API's versions, oldest first."""
    found = sorted((str(one["version"]) for one in _get(sf, "/services/data/")), key=float)
    if not found:
        raise ValueError("no version at all")
    return found


def _user(client: SalesforceClient) -> str:
    """Return the name of the bot's user; '' where this login may not ask for it."""
    try:
        told = client.call(lambda sf: _get(sf, "/services/oauth2/userinfo"))
    except VendorError:
        return ""
    return str(told.get("preferred_username") or "") if isinstance(told, dict) else ""


def _org(client: SalesforceClient) -> Finding:
    check, what = "salesforce.org", N_("org")
    try:
        rows = client.query(_ORG)
    except VendorError as error:
        if error.missing:
            return untold(check, what, error.missing)
        raise
    if not rows or not rows[0].get("Id"):
        raise unreadable("the organization")
    org = {name: str(rows[0].get(name) or "") for name in ("Id", "Name", "InstanceName")}
    shown = f"{org['Name']} ({org['Id']}, {org['InstanceName']}), {client.instance_url}"
    if rows[0].get("IsSandbox"):
        return ok(check, what, N_("test org (sandbox): {org}", org=shown))
    return ok(check, what, N_("production: {org}", org=shown))


def _right(right: Right) -> Finding:
    check, what = f"salesforce.right.{right.name}", plain(right.name)
    if right.granted is None:
        return unknown(check, what, N_("Salesforce does not tell"), right.remedy)
    if right.granted:
        return ok(check, what, GRANTED)
    return wrong(check, what, right.problem, right.remedy)


def _reading(salesforce: Salesforce, denied: set[str]) -> list[Finding]:
    """Say whether everything could be read, apart from what is *denied*."""
    check, what = "salesforce.reading", N_("reading")
    left = [error for error in check_salesforce(salesforce) if error.missing not in denied]
    if left:
        return [refused(check, what, error) for error in left]
    return [ok(check, what, N_("everything that may be read can be read"))]


def _package(salesforce: Salesforce, denied: set[str]) -> Iterator[Finding]:
    check, what = "salesforce.package", N_("package")
    try:
        package = salesforce.installed_package()
    except VendorError as error:
        if error.missing in denied:
            yield untold(check, what, error.missing)
        else:
            yield unknown(check, what, error.problem, error.remedy)
        return
    if package is None:
        yield ok(check, what, N_("not installed"))
        return
    yield ok(check, what, N_("installed, version {version}", version=package.version))
    yield from data(salesforce, denied)
