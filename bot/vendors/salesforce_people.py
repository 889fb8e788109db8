"""Who the Salesforce-only owners are in Salesforce, and who manages them."""

from __future__ import annotations

from collections.abc import Iterable

from simple_salesforce.format import format_soql

from bot.ports import SalesforcePerson
from bot.vendors.salesforce_http import Row, SalesforceClient

BATCH = 50
"""E-mails (or ids) a query: it travels in the address, which must stay below 16 KB."""
LEVELS = 10
"""How far up an organisation is climbed for a manager who is still there."""

_FIELDS = "Id, Name, Email, IsActive, ManagerId"


def people(client: SalesforceClient, emails: Iterable[str]) -> dict[str, SalesforcePerson]:
    """Find users by e-mail; the answer's keys are the e-mails in lower case.

    A manager is the nearest one up the line who is still active. Of several users with one
    e-mail, an active one is taken.
    """
    wanted = dict.fromkeys(email.strip().lower() for email in emails if email.strip())
    users: dict[str, Row] = {}
    for row in _users(client, "Email", list(wanted)):
        email = _text(row, "Email").lower()
        if email in wanted and not (users.get(email) or {}).get("IsActive"):
            users[email] = row
    managers = _managers(client, users.values())
    return {
        email: SalesforcePerson(
            email=email,
            name=_text(row, "Name"),
            active=bool(row.get("IsActive")),
            manager_email=_active_manager(row, managers),
        )
        for email, row in users.items()
    }


def _managers(client: SalesforceClient, users: Iterable[Row]) -> dict[str, Row]:
    """Read everybody above *users*, one level a round; who is known is not read again."""
    known: dict[str, Row] = {}
    missing = {_text(row, "ManagerId") for row in users} - {""}
    for _ in range(LEVELS):
        rows = _users(client, "Id", sorted(missing))
        known |= {_text(row, "Id"): row for row in rows}
        missing = {_text(row, "ManagerId") for row in rows if not row.get("IsActive")}
        missing -= {"", *known}
        if not missing:
            break
    return known


def _active_manager(user: Row, managers: dict[str, Row]) -> str:
    seen = {_text(user, "Id")}
    above = _text(user, "ManagerId")
    while above and above not in seen:
        seen.add(above)
        manager = managers.get(above, {})
        if manager.get("IsActive"):
            return _text(manager, "Email")
        above = _text(manager, "ManagerId")
    return ""


def _users(client: SalesforceClient, field: str, values: list[str]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(values), BATCH):
        rows += client.query(
            format_soql(
                "SELECT {fields:literal} FROM User WHERE {field:literal} IN {values}",
                fields=_FIELDS,
                field=field,
                values=values[start : start + BATCH],
            )
        )
    return rows


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)
