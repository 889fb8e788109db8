"""What a reassignment costs: requests by kind, and seconds at the account's limits.

Sizes and limits: facts/hubspot.md, "Search", "Batch update", "Limits". How many requests a record
needs is explained in docs/reassignment.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from workflows.values import Forecast, OwnedRecords

SEARCH_PAGE = 200
BATCH = 100
HISTORY_BATCH = 50
OWNERS_TOGETHER = 100
REQUESTS_PER_SECOND = 19.0
"""190 in ten seconds: Professional and Enterprise."""
SEARCHES_PER_SECOND = 5.0


def totals(owners: tuple[OwnedRecords, ...]) -> dict[str, int]:
    """Add the records that are to be reassigned up by object type."""
    sums: dict[str, int] = {}
    for owned in owners:
        for kind, count in owned.counts.items():
            sums[kind] = sums.get(kind, 0) + count
    return sums


def forecast(
    records: Mapping[str, int],
    owners: int,
    *,
    per_second: float = REQUESTS_PER_SECOND,
    searches_per_second: float = SEARCHES_PER_SECOND,
) -> Forecast:
    """Return what *records* (object type -> number) of so many old *owners* cost.

    Searching and changing run side by side; the check of the histories follows. The last search of
    each object type is the fresh count.
    """
    groups = ceil(owners / OWNERS_TOGETHER)
    kinds = [count for count in records.values() if count]
    searches = sum(ceil(count / SEARCH_PAGE) + groups for count in kinds) + len(records) * groups
    batches = sum(ceil(count / BATCH) for count in kinds)
    checks = sum(ceil(count / HISTORY_BATCH) for count in kinds)
    changing = max(2 * batches / per_second, searches / searches_per_second)
    return Forecast(
        search_calls=searches,
        read_calls=batches,
        update_calls=batches,
        check_calls=checks,
        seconds=ceil(changing + checks / per_second),
    )
