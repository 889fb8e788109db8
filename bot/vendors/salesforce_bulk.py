"""Salesforce as a backup reads it: describes, counts, and query jobs of Bulk API 2.0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from simple_salesforce import Salesforce as SimpleSalesforce
from simple_salesforce.format import format_soql
from simple_salesforce.util import call_salesforce

from bot.backup.source import Column, Job, Members, Page
from bot.backup.values import Origin
from bot.errors import VendorError
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_errors import unreadable
from bot.vendors.salesforce_http import API_NAME, Row, SalesforceClient, not_available
from workflows.values import Package

NO_MORE = "null"
"""What ``Sforce-Locator`` says on the last page, literally."""
CHUNK = 1 << 16
_STATES: Mapping[str, Literal["running", "complete", "failed", "aborted"]] = {
    "UploadComplete": "running",
    "InProgress": "running",
    "JobComplete": "complete",
    "Failed": "failed",
    "Aborted": "aborted",
}
_UNCOUNTABLE = frozenset({"salesforce_refused", "salesforce_unavailable"})
_OBJECTS = "SELECT Id, DeveloperName, NamespacePrefix FROM CustomObject"
_FIELDS = "SELECT Id, DeveloperName, NamespacePrefix, TableEnumOrId FROM CustomField"
_OF_THE_PACKAGE = " WHERE NamespacePrefix = {}"
_ID_LENGTHS = (15, 18)
_CUSTOM_OBJECT_PREFIX = "01I"


def bulk_of(salesforce: Salesforce) -> SalesforceBulk:
    """Return what a backup needs, over the same connection and login as *salesforce*."""
    return SalesforceBulk(
        salesforce.client, namespace=salesforce.namespace, package=salesforce.installed_package
    )


class SalesforceBulk:
    """Implements :class:`bot.backup.source.Source`. All methods raise ``VendorError``."""

    def __init__(
        self,
        client: SalesforceClient,
        *,
        namespace: str,
        package: Callable[[], Package | None],
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._package = package

    def origin(self) -> Origin:
        """Return which org this is, and which version of the package is in it."""
        rows = self._client.query("SELECT Id, IsSandbox FROM Organization LIMIT 1")
        if not rows or not rows[0].get("Id"):
            raise unreadable("the organization")
        package = self._package()
        return Origin(
            org_id=str(rows[0]["Id"]),
            org_is_sandbox=bool(rows[0].get("IsSandbox")),
            instance=self._client.instance_url,
            api_version=str(self._client.call(lambda sf: sf.sf_version)),
            namespace=self._namespace,
            package_version=(package.version or "unknown") if package else "",
        )

    def members(self) -> Members:
        """Return the package's objects and fields, whoever may read them."""
        objects = self._client.tooling(format_soql(_OBJECTS + _OF_THE_PACKAGE, self._namespace))
        fields = self._client.tooling(format_soql(_FIELDS + _OF_THE_PACKAGE, self._namespace))
        names = {str(row.get("Id"))[:15]: _base(row) for row in objects}
        own = tuple(names.values())
        tables = [str(row.get("TableEnumOrId") or "") for row in fields]
        if any(_is_id(table) and table[:15] not in names for table in tables):
            names = {str(row.get("Id"))[:15]: _base(row) for row in self._client.tooling(_OBJECTS)}
        return Members(
            objects=own,
            fields=tuple(
                (names.get(table[:15], table) if _is_id(table) else table, _base(row))
                for table, row in zip(tables, fields, strict=True)
            ),
        )

    def visible(self) -> Mapping[str, bool]:
        """Return the objects that the user may see, and whether they can be queried."""
        answer = self._client.call(lambda sf: sf.restful("sobjects"))
        found = {
            str(one["name"]): bool(one.get("queryable")) for one in _listed(answer, "sobjects")
        }
        # They become part of queries and of addresses; all of Salesforce's own are such names.
        return {name: queryable for name, queryable in found.items() if API_NAME.fullmatch(name)}

    def columns(self, name: str) -> tuple[Column, ...]:
        """Return the fields of an object that the user may see."""
        answer = self._client.call(lambda sf: sf.restful(f"sobjects/{name}/describe"))
        return tuple(
            Column(
                name=str(one["name"]),
                type=str(one.get("type") or ""),
                is_name=bool(one.get("nameField")),
                to=tuple(map(str, one.get("referenceTo") or ())),
            )
            for one in _listed(answer, "fields")
        )

    def count(
        self,
        name: str,
        *,
        created_before: datetime | None = None,
        changed_since: datetime | None = None,
    ) -> int:
        """Count an object's records now: exact, but only those that the user may see."""
        conditions = []
        if created_before is not None:
            conditions.append(f"CreatedDate < {_moment(created_before)}")
        if changed_since is not None:
            conditions.append(f"SystemModstamp >= {_moment(changed_since)}")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return self._count(f"SELECT COUNT() FROM {name}{where}")  # noqa: S608 - names are checked

    def hanging(self, kind: str, field: str, name: str) -> int | None:
        """Count what of *kind* points with *field* to records of *name*; None: cannot be."""
        try:
            return self._count(
                # The names are those of the plan, which takes API names alone.
                f"SELECT COUNT() FROM {kind} WHERE {field} IN (SELECT Id FROM {name})"  # noqa: S608 - names are checked
            )
        except VendorError as error:
            # A count over a large object may end in a time-out, however often it is asked for.
            if not_available(error) or error.code in _UNCOUNTABLE:
                return None
            raise

    def _count(self, soql: str) -> int:
        answer = self._client.call(lambda sf: sf.query(soql))
        total = answer.get("totalSize") if isinstance(answer, dict) else None
        if not isinstance(total, int):
            raise unreadable("a count")
        return total

    def start(self, query: str) -> Job:
        """Create a query job. One whose reply is lost does no harm: Salesforce forgets it."""
        body = {
            "operation": "query",
            "query": query,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        return _job(
            self._client.call(lambda sf: sf.restful("jobs/query", method="POST", json=body))
        )

    def job(self, job_id: str) -> Job:
        """Return how a job stands."""
        return _job(self._client.call(lambda sf: sf.restful(f"jobs/query/{job_id}")))

    def read(
        self, job_id: str, locator: str, most: int, into: Callable[[Iterator[bytes]], None]
    ) -> Page:
        """Give a page of CSV to *into* as it comes; anew from its beginning if the line broke.

        What *into* raises is let through, if it is none of the built-in exceptions.
        """
        params = {"maxRecords": str(most)}
        if locator:
            params["locator"] = locator

        def get(sf: SimpleSalesforce) -> Page:
            with call_salesforce(
                url=f"{sf.base_url}jobs/query/{job_id}/results",
                method="GET",
                session=sf.session,
                headers=dict(sf.headers),
                additional_headers={"Accept": "text/csv"},
                params=params,
                stream=True,
            ) as response:
                if "csv" not in response.headers.get("Content-Type", ""):
                    raise ValueError("no CSV")
                records = int(response.headers["Sforce-NumberOfRecords"])
                following = response.headers.get("Sforce-Locator", NO_MORE)
                into(response.iter_content(CHUNK))
                return Page(records, "" if following == NO_MORE else following)

        page: Page = self._client.call(get)
        return page

    def forget(self, job_id: str) -> None:
        """Delete a job and its results, which Salesforce would keep for seven days."""
        self._client.call(lambda sf: sf.restful(f"jobs/query/{job_id}", method="DELETE"))


def _job(answer: Any) -> Job:
    try:
        state = _STATES[answer["state"]]
        return Job(
            id=str(answer["id"]),
            state=state,
            created=datetime.fromisoformat(answer["createdDate"]).astimezone(UTC),
            records=int(answer["numberRecordsProcessed"]) if state == "complete" else None,
            message=str(answer.get("errorMessage") or ""),
        )
    except (TypeError, LookupError, ValueError):
        raise unreadable("the query job") from None


def _listed(answer: Any, what: str) -> list[Row]:
    found = answer.get(what) if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and one.get("name") for one in found
    ):
        raise unreadable(what)
    return found


def _base(row: Row) -> str:
    """Return the API name of an object or a field, without its suffix."""
    prefix = row.get("NamespacePrefix")
    name = str(row.get("DeveloperName") or "")
    return f"{prefix}__{name}" if prefix else name


def _is_id(table: str) -> bool:
    """Say whether a field's object is told by its id, as custom objects are."""
    return table.startswith(_CUSTOM_OBJECT_PREFIX) and len(table) in _ID_LENGTHS


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
