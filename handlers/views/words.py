"""Words for the codes and numbers of the rules, so that every view says them alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from babel.lists import format_list

from handlers.i18n import Translator
from handlers.views import links
from handlers.views.parts import actor, outside, people
from workflows.checklist import Mark, Step
from workflows.run import Run
from workflows.states import State
from workflows.text import N_, Text
from workflows.values import (
    CORE_OBJECTS,
    OTHER_OBJECTS,
    Assignment,
    Blocker,
    CustomObject,
    Evidence,
    Inventory,
    OwnedRecords,
    Reading,
    Reason,
    Suggestion,
)

MAIL_SUBJECT = "Reassign contacts, companies, and deals to HubSpot owners"
"""The subject of HubSpot's mail (P2a)."""
SHORT = 12
"""Characters of a digest or hash that are shown."""
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")

_REASONS = {
    Reason.LEAVING_SALESFORCE: N_("We stop using Salesforce"),
    Reason.LEAVING_HUBSPOT: N_("We stop using HubSpot"),
    Reason.OTHER_INTEGRATION: N_("We replace the integration by another one"),
    Reason.SYNC_PROBLEM: N_("There is a problem with the sync"),
    Reason.OTHER: N_("Another reason"),
}
_STATES = {
    State.PLANNING: N_("planning"),
    State.AWAITING_APPROVAL: N_("waiting for approval of the plan"),
    State.DISCONNECTING: N_("disconnecting in HubSpot"),
    State.MAPPING_OWNERS: N_("choosing HubSpot owners"),
    State.REASSIGNING: N_("reassigning records"),
    State.CLEANING_UP_OWNERS: N_("deleting the Salesforce owners"),
    State.CHOOSING_DATA_COPY: N_("choosing about the data copy"),
    State.AWAITING_REMOVAL_APPROVAL: N_("waiting for approval of the removal"),
    State.REMOVING_PACKAGE: N_("removing the package"),
    State.DATA_COPY_WINDOW: N_("data copy can be downloaded"),
    State.COMPLETED: N_("completed"),
    State.DECLINED: N_("declined"),
    State.CANCELLED: N_("cancelled"),
    State.EXPIRED: N_("expired"),
}
_STEPS = {
    "plan_approval": N_("Plan made and approved"),
    "disconnect": N_("Salesforce disconnected in HubSpot"),
    "reassign": N_("Records reassigned to HubSpot owners"),
    "cleanup": N_("Salesforce owners deleted in HubSpot"),
    "inventory": N_("Package's contents listed"),
    "data_copy": N_("Choice about the data copy"),
    "removal_approval": N_("Removal approved, consent given"),
    "removal": N_("Package uninstalled in Salesforce"),
    "download": N_("Data copy downloaded"),
    "consent": N_("Consent given"),
    "backup": N_("Package's data backed up by Sunset"),
}
_OBJECTS = {
    "contacts": N_("contacts"),
    "companies": N_("companies"),
    "deals": N_("deals"),
    "tickets": N_("tickets"),
    "tasks": N_("tasks"),
    "calls": N_("calls"),
    "meetings": N_("meetings"),
    "notes": N_("notes"),
    "emails": N_("e-mails"),
}
_WHY = {
    "queue": N_("queue"),
    "no_hubspot_user": N_("no HubSpot user"),
    "email_unknown": N_("e-mail unknown to the account"),
}
_MARKS = {
    Mark.VERIFIED: ("✅", N_("verified")),
    Mark.ATTESTED: ("☑️", N_("attested")),
    Mark.SKIPPED: ("⏭️", N_("not needed")),
    Mark.MISSED: ("❌", N_("missed")),
    Mark.WAITING: ("⏳", N_("in progress")),
    Mark.OPEN: ("⬜", N_("still to come")),
}
_IRREVERSIBLE = {
    "disconnected": N_(
        "Salesforce is disconnected in HubSpot: the integration's settings and field mappings "
        "are gone."
    ),
    "owners_deleted": N_(
        "The Salesforce owners are deleted in HubSpot: records cannot be given back to them."
    ),
    "package_removed": N_(
        "The package is uninstalled in Salesforce, with its components and their data."
    ),
    "removal_begun": N_(
        "The removal of the package was begun; ending the run does not stop it. If it succeeds, "
        "the package is gone with its components and their data."
    ),
    "records_reassigned": N_(
        "Reassigned records keep their new HubSpot owners; Sunset cannot give them back after this."
    ),
    "copy_gone": N_("Salesforce's copy of the package's data can no longer be reached."),
}


def reason(code: Reason, tr: Translator) -> str:
    """Say why the integration is taken down."""
    return tr.text(_REASONS[code])


def state(code: State, tr: Translator) -> str:
    """Name the state of a run."""
    return tr.text(_STATES[code])


def step(name: str, tr: Translator) -> str:
    """Name a step of the checklist."""
    return _say(_STEPS, name, tr)


def irreversible(code: str, tr: Translator) -> str:
    """Say what cannot be undone any more."""
    return _say(_IRREVERSIBLE, code, tr)


def _say(table: Mapping[str, Text], code: str, tr: Translator) -> str:
    return tr.text(table[code]) if code in table else outside(code)


def short(digest: str) -> str:
    """Write the beginning of a digest or hash as code."""
    return f"`{digest[:SHORT]}`" if digest else "–"


def lead(seconds: int, tr: Translator) -> str:
    """Write a length of time exactly where it is whole hours or minutes: `48 hours`."""
    if seconds and seconds % 3600 == 0:
        return tr.plural("{count} hour", "{count} hours", seconds // 3600)
    if seconds and seconds % 60 == 0:
        return tr.plural("{count} minute", "{count} minutes", seconds // 60)
    return tr.plural("{count} second", "{count} seconds", seconds)


def counts(
    numbers: Mapping[str, int], tr: Translator, labels: Mapping[str, str] | None = None
) -> str:
    """Write numbers of records by object type, without the zeros: `3 contacts, 1 company`.

    *labels* are what people call the account's custom objects (:func:`labels`).
    """
    order = ordered(kind for kind, number in numbers.items() if number)
    shown = [_count(kind, numbers[kind], tr, labels or {}) for kind in order[:12]]
    if len(order) > len(shown):
        shown.append("…")
    return ", ".join(shown) or tr("no records")


def ordered(kinds: Iterable[str]) -> list[str]:
    """Put object types in order: the procedure's own, then those of every account, then others."""
    known = [*CORE_OBJECTS, *OTHER_OBJECTS]
    there = set(kinds)
    return [kind for kind in known if kind in there] + sorted(there.difference(known))


def _count(kind: str, number: int, tr: Translator, labels: Mapping[str, str]) -> str:
    match kind:
        case "contacts":
            return tr.plural("{count} contact", "{count} contacts", number)
        case "companies":
            return tr.plural("{count} company", "{count} companies", number)
        case "deals":
            return tr.plural("{count} deal", "{count} deals", number)
        case "tickets":
            return tr.plural("{count} ticket", "{count} tickets", number)
        case "tasks":
            return tr.plural("{count} task", "{count} tasks", number)
        case "calls":
            return tr.plural("{count} call", "{count} calls", number)
        case "meetings":
            return tr.plural("{count} meeting", "{count} meetings", number)
        case "notes":
            return tr.plural("{count} note", "{count} notes", number)
        case "emails":
            return tr.plural("{count} e-mail", "{count} e-mails", number)
        case _:
            return f"{outside(labels.get(kind) or kind, 60)}: {tr.number(number)}"


def object_type(kind: str, tr: Translator, labels: Mapping[str, str] | None = None) -> str:
    """Name an object type, escaped for mrkdwn; a custom one by what people call it."""
    return outside(object_name(kind, tr, labels), 60)


def object_name(kind: str, tr: Translator, labels: Mapping[str, str] | None = None) -> str:
    """Name an object type for places without mrkdwn."""
    if kind in _OBJECTS:
        return tr.text(_OBJECTS[kind])
    return (labels or {}).get(kind) or kind


def labels(run: Run) -> Mapping[str, str]:
    """Return what people call the account's custom objects."""
    return run.plan.labels if run.plan else {}


def mark(code: str, tr: Translator) -> str:
    """Name how a step stands: verified, attested, not needed, missed, in progress, to come."""
    return tr.text(_MARKS[Mark(code)][1])


def why_listed(code: str, tr: Translator) -> str:
    """Say why an owner is taken for one that exists in Salesforce alone."""
    return _say(_WHY, code, tr)


def why(owned: OwnedRecords, tr: Translator) -> str:
    """Say why an owner counts as a Salesforce-only one."""
    return tr.text(_WHY[owned.why])


def suggested(suggestion: Suggestion, tr: Translator) -> str:
    """Say whom a suggestion proposes and why, for mrkdwn."""
    told = suggestion_reason(suggestion, tr)
    name = outside(suggestion.target.label, 80)
    return tr("Suggestion: *{name}*, {reason}", name=name, reason=outside(told, 200))


def suggestion_reason(suggestion: Suggestion, tr: Translator) -> str:
    """Say why somebody is proposed, for places without mrkdwn."""
    via = suggestion.via
    match suggestion.why:
        case "manager" if via and via != suggestion.target.email:
            return tr("the manager in Salesforce ({email})", email=via)
        case "manager":
            return tr("the manager in Salesforce")
        case "same_team" if via:
            return tr("a HubSpot user in the same team ({team})", team=via)
        case "same_team":
            return tr("a HubSpot user in the same team")
        case "companies":
            return _by_companies(via, tr)
        case _:
            return tr("a HubSpot user of the same name")


def _by_companies(share: str, tr: Translator) -> str:
    """Say how many of the contacts looked at speak for the suggestion; *share* is `64/100`."""
    most, _, every = share.partition("/")
    if not (most.isdecimal() and every.isdecimal()):
        return tr("owns the companies of most of the contacts looked at")
    return tr.plural(
        "owns the company of {most} of {count} contact looked at (whose companies have an owner)",
        "owns the companies of {most} of {count} contacts looked at (whose companies have an "
        "owner)",
        int(every),
        most=tr.number(int(most)),
    )


def assignment(given: Assignment, tr: Translator, labels: Mapping[str, str] | None = None) -> str:
    """Say who gets an owner's records, for mrkdwn: one, several in turn, or by object type."""
    named = [outside(target.label, 80) for target in given.targets[:5]]
    left = len(given.targets) - len(named)
    if left:
        named.append(tr.plural("{count} other person", "{count} other people", left))
    said = format_list(named, locale=tr.language)
    if len(given.targets) > 1:
        said = tr("{people} in turn", people=said)
    kinds = [
        f"{object_type(kind, tr, labels)}: {outside(given.kinds[kind].label, 80)}"
        for kind in ordered(given.kinds)
    ]
    if len(kinds) > 5:
        kinds = [*kinds[:5], "…"]
    return "; ".join([said, *kinds])


def summed(owners: tuple[OwnedRecords, ...], *, other: bool = False) -> dict[str, int]:
    """Add up the records of all owners by object type; *other* ones are not reassigned."""
    total: Counter[str] = Counter() if other else Counter(dict.fromkeys(CORE_OBJECTS, 0))
    for owned in owners:
        total.update(owned.other_counts if other else owned.counts)
    return dict(total)


def components(inventory: Inventory, tr: Translator) -> str:
    """Write the number of the package's components by type, the most frequent first."""
    by_type = Counter(part.type for part in inventory.components)
    shown = [f"{tr.number(number)} {outside(kind, 60)}" for kind, number in by_type.most_common(12)]
    if len(by_type) > len(shown):
        shown.append("…")
    total = tr.plural("{count} component", "{count} components", len(inventory.components))
    return f"{total} ({', '.join(shown)})" if shown else total


def blocker(item: Blocker, tr: Translator, inventory: Inventory | None = None) -> str:
    """Describe one blocker in a line: what refers to what, where in Setup, and what to do."""
    told = [_who_refers(item, tr, inventory)] if item.name else []
    if item.problem:
        told.append(outside(item.problem, 300))
    if item.advice is not None:
        told.append(tr.text(item.advice))
    return " – ".join(told) or tr("Salesforce gave no reason.")


def _who_refers(item: Blocker, tr: Translator, inventory: Inventory | None) -> str:
    name = f"*{outside(item.name, 120)}*"
    page = links.setup_page(inventory, item.link)
    return tr(
        "{type} {name} refers to {target}",
        type=outside(item.type, 60),
        name=f"<{page}|{name}>" if page else name,
        target=outside(item.refers_to, 120) or tr("the package"),
    ).strip()


def blockers(items: Iterable[Blocker], tr: Translator, inventory: Inventory | None) -> list[str]:
    """Describe blockers, a line each."""
    return [blocker(item, tr, inventory) for item in items]


def records(item: CustomObject, tr: Translator) -> str:
    """Say how many records a custom object has, and how that is known."""
    if item.records is None:
        return tr("records cannot be counted")
    if item.estimated:
        return tr.plural(
            "about {count} record (Salesforce's estimate)",
            "about {count} records (Salesforce's estimate)",
            item.records,
        )
    return tr.plural("{count} record", "{count} records", item.records)


def evidence(proof: Evidence, tr: Translator) -> str:
    """Say how a step is known to be done: verified by a reading, or attested by somebody."""
    when = tr.moment(proof.at)
    if proof.reading is not None:
        return tr(
            "*verified* {when} – {source}: {says}",
            when=tr.moment(proof.reading.at),
            source=outside(proof.reading.source, 60),
            says=reading(proof.reading, tr, 160),
        )
    if proof.kind == "attested":
        return tr("*attested* by {who}, {when}", who=actor(proof.by, tr), when=when)
    if proof.kind == "missed":
        return tr("*missed*, {when}", when=when)
    return tr("*not needed*, {when}", when=when)


def reading(found: Reading, tr: Translator, most: int) -> str:
    """Write what a reading says, *most* characters of it, its times as people read times.

    A time without a zone is UTC. Beside a reading of about the same time the day is left out.
    """

    def shown(time: re.Match[str]) -> str:
        try:
            at = datetime.fromisoformat(time[0])
        except ValueError:  # it only looks like a time
            return time[0]
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        near = abs(at - found.at) < timedelta(hours=1)
        style = "{time_secs}" if near else "{date_short_pretty} {time_secs}"
        return f"<!date^{int(at.timestamp())}^{style}|{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC>"

    says = tr.text(found.says, escape=False) if isinstance(found.says, Text) else found.says
    return _ISO_TIME.sub(shown, outside(says, most))


def step_line(item: Step, tr: Translator, passed: Mapping[str, Sequence[str]] | None = None) -> str:
    """Write one line of the checklist: mark, step, its ids, and how it is known to be done.

    With the gates that were *passed* (`Run.passed`), an approval names all its approvers.
    """
    emoji, mark = _MARKS[item.mark]
    ids = " ".join(item.ids)
    gate = item.name.removesuffix("_approval")
    approvers = (passed or {}).get(gate, ()) if gate != item.name else ()
    if item.evidence is None:
        known = tr.text(mark)
    elif approvers and item.mark is Mark.ATTESTED:
        when = tr.moment(item.evidence.at)
        known = tr("*attested* by {who}, {when}", who=people(approvers, tr), when=when)
    else:
        known = evidence(item.evidence, tr)
    return f"{emoji} {step(item.name, tr)} `{ids}` – {known}"


def since_when(run: Run, tr: Translator) -> str:
    """Say from when to when a run lasted, for reports."""
    if run.ended_at is None:
        return tr("started {start}", start=tr.moment(run.started_at))
    return tr("{start} – {end}", start=tr.moment(run.started_at), end=tr.moment(run.ended_at))
