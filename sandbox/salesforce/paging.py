"""Query results in pages, as the REST API gives them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.tables import Result, records

PAGE = 2_000
SMALLEST_PAGE = 200
MAX_CURSORS = 50


class Cursors:
    """The results that have more pages; the oldest are forgotten, as Salesforce does."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[Result, int]] = OrderedDict()
        self._number = 0

    def first(self, result: Result, version: str, path: str, size: int) -> dict[str, Any]:
        """Return the first page of *result*; more are at *path*."""
        if result.counts:
            return {"totalSize": len(result.rows), "done": True, "records": []}
        key = ""
        if len(result.rows) > size:
            self._number += 1
            key = f"01g5g{self._number:010d}AAA"
            self._open[key] = (result, size)
            while len(self._open) > MAX_CURSORS:
                self._open.popitem(last=False)
        more = f"/services/data/v{version}/{path}/{key}"
        return _page(result, 0, size, version, more)

    def more(self, locator: str, version: str, path: str) -> dict[str, Any]:
        """Return the page that *locator* (`<id>-<offset>`) names, or raise 400."""
        key, _, offset = locator.partition("-")
        found = self._open.get(key)
        if found is None or not offset.isdigit() or int(offset) >= len(found[0].rows):
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        result, size = found
        more = f"/services/data/v{version}/{path}/{key}"
        return _page(result, int(offset), size, version, more)


def _page(result: Result, start: int, size: int, version: str, more: str) -> dict[str, Any]:
    end = start + size
    page = replace(result, rows=result.rows[start:end])
    done = end >= len(result.rows)
    shown: dict[str, Any] = {
        "totalSize": len(result.rows),
        "done": done,
        "records": list(records(page, version)),
    }
    if not done:
        shown["nextRecordsUrl"] = f"{more}-{end}"
    return shown


def page_size(header: str | None) -> int:
    """Return the page size that a `Sforce-Query-Options` header asks for, 200 to 2,000."""
    for part in (header or "").split(","):
        name, _, value = part.partition("=")
        if name.strip().lower() == "batchsize" and value.strip().isdigit():
            return min(PAGE, max(SMALLEST_PAGE, int(value)))
    return PAGE
