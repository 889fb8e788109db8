"""What of the package's data the bot's user can read: all that is not read is not backed up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.backup.plan import Plan, plan
from bot.checkup.finding import GRANTED, Finding, ok, refused, unknown, untold, warning, wrong
from bot.errors import VendorError
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_bulk import SalesforceBulk
from bot.vendors.salesforce_errors import grant
from bot.vendors.salesforce_rights import VIEW_ALL, held
from workflows.text import N_

VIEW_ALL_DATA = "View All Data"
MOST_NAMED = 10
_FIELD_ACCESS = N_(
    "Setup > Users > Permission Sets > a permission set of that user > Object Settings > the "
    "object > Field Permissions: Read Access."
)


class _Structure(SalesforceBulk):
    """What a backup would hold, without counting what hangs on the records (that may take long)."""

    def hanging(self, kind: str, field: str, name: str) -> int | None:  # noqa: ARG002 - the source's
        return 0


def data(salesforce: Salesforce, denied: set[str]) -> Iterator[Finding]:
    """Say which fields and records a backup would lack; *denied* has findings of its own."""
    check, what = "salesforce.fields", N_("the package's fields")
    source = _Structure(
        salesforce.client, namespace=salesforce.namespace, package=salesforce.installed_package
    )
    try:
        planned = plan(source, salesforce.namespace)
    except VendorError as error:
        if error.missing in denied:
            yield untold(check, what, error.missing)
        else:
            yield refused(check, what, error)
        return
    yield _fields(planned)
    yield _records(
        salesforce, source, [one.object for one in planned.tables if one.kind == "object"]
    )


def _fields(planned: Plan) -> Finding:
    check, what = "salesforce.fields", N_("the package's fields")
    hidden = [gap.name for gap in planned.gaps if gap.kind == "field_hidden"]
    if not hidden:
        return ok(check, what, N_("all can be read"))
    named = ", ".join(hidden[:MOST_NAMED]) + (", …" if len(hidden) > MOST_NAMED else "")
    return wrong(
        check,
        what,
        N_(
            "The bot's Salesforce user cannot read {count} fields, which a backup would lack: "
            "{names}",
            count=len(hidden),
            names=named,
        ),
        _FIELD_ACCESS,
    )


def _records(salesforce: Salesforce, source: SalesforceBulk, names: Sequence[str]) -> Finding:
    check, what = f"salesforce.right.{VIEW_ALL_DATA}", N_("View All Data, or all records seen")
    client, remedy = salesforce.client, grant(VIEW_ALL_DATA)
    try:
        granted = held(client).get(VIEW_ALL)
        if granted:
            return ok(check, what, GRANTED)
        estimates = client.estimates(names) if names else {}
        unseen = [name for name in names if source.count(name) < estimates.get(name, 0)]
    except VendorError as error:
        return untold(check, what, error.missing) if error.missing else refused(check, what, error)
    if unseen:
        return wrong(
            check,
            what,
            N_(
                "Salesforce estimates more records than the bot's user sees, so counts and a "
                "backup would lack some: {names}",
                names=", ".join(unseen),
            ),
            remedy,
        )
    if granted is None:
        return unknown(check, what, N_("Salesforce does not tell"), remedy)
    return warning(
        check,
        what,
        N_(
            "Not granted. No record of the package's objects is hidden now; of other objects, a "
            "backup of the package's fields would lack records that this user does not see."
        ),
        remedy,
    )
