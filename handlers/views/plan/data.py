"""All the data of a plan report as files: tables for spreadsheets, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from handlers import tables
from handlers.i18n import Translator
from handlers.views import words
from handlers.views.plan.findings import Findings

FORMAT = "sunset-plan-1"
_FIRST = ("owner_id", "name", "email", "why")
_LAST = ("to_reassign", "suggested_owner", "suggested_because")


def owners_table(found: Findings, tr: Translator) -> bytes:
    """Return a CSV file with a row for each Salesforce-only owner and a column for each type."""
    return tables.encoded(_rows(found, tr), tables.delimiter_for(tr.language))


def _rows(found: Findings, tr: Translator) -> Iterator[tuple[str | int, ...]]:
    plan = found.plan
    every = [{**owned.other_counts, **owned.counts} for owned in plan.owners]
    kinds = words.ordered({kind for counts in every for kind in counts})
    named = (words.object_name(kind, tr, plan.labels) for kind in kinds)
    yield (*_FIRST, *named, *_LAST)
    for owned, counts in zip(plan.owners, every, strict=True):
        given = owned.suggestion
        yield (
            owned.owner.id,
            owned.owner.name,
            owned.owner.email,
            words.why(owned, tr),
            *(counts.get(kind, 0) for kind in kinds),
            owned.total,
            given.target.label if given else "",
            words.suggestion_reason(given, tr) if given else "",
        )


def everything(found: Findings, tr: Translator) -> bytes:
    """Return all that is known as JSON; texts are in the reader's language."""
    policy = found.policy
    data = {
        "format": FORMAT,
        "plan": found.plan.model_dump(mode="json", exclude={"inventory"}),
        "records_to_reassign": found.plan.total,
        "calls_to_hubspot": found.plan.forecast.calls,
        "package": _package(found, tr),
        "not_granted": [tr.text(gap, escape=False) for gap in found.missing],
        "approval": {
            "possible_today": found.approvable,
            "people": list(found.others),
            "groups": {
                name: [one for one in (found.members or {}).get(name, ()) if one in found.others]
                for name in policy.groups
            },
            "needed_for_the_plan": policy.quorum,
            "needed_for_the_removal": policy.removal_quorum or policy.quorum,
        },
    }
    return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def _package(found: Findings, tr: Translator) -> dict[str, object] | None:
    inventory = found.plan.inventory
    if inventory is None:
        return None
    shown = inventory.model_dump(mode="json", exclude={"blockers", "incomplete"})
    blockers = [
        {
            **one.model_dump(mode="json", exclude={"advice"}),
            "advice": tr.text(one.advice, escape=False) if one.advice else "",
        }
        for one in inventory.blockers
    ]
    gaps = [tr.text(gap, escape=False) for gap in inventory.incomplete]
    return {**shown, "blockers": blockers, "search_incomplete": gaps}
