"""The parts of a plan report: what blocks, who can approve, what it costs."""

from __future__ import annotations

from datetime import timedelta

from handlers.i18n import Translator
from handlers.views import forecast, words
from handlers.views.parts import clip, code, listing, outside, people
from handlers.views.plan.findings import Findings
from workflows.forecast import BATCH, HISTORY_BATCH, SEARCH_PAGE

MOST_BLOCKERS = 8
RARELY_SECONDS = 900
"""The longest pause between two looks at the package while nothing is expected."""


def hindrances(found: Findings, tr: Translator) -> list[str]:
    """Say what stands in the way, each with its link and what to do; empty for nothing."""
    plan = found.plan
    lines = words.blockers(found.sure, tr, plan.inventory)
    if not found.approvable:
        lines.append(
            tr("Too few people can approve now. Ask the operator of Sunset to add approvers.")
        )
    if plan.requester_is_super_admin is False:
        lines.append(
            tr(
                "HubSpot says that you are not a super admin. Ask one to disconnect Salesforce and "
                "to delete the Salesforce owners."
            )
        )
    return lines + [clip(tr.text(gap), 400) for gap in found.missing]


def blocking(found: Findings, tr: Translator) -> list[str]:
    """List what blocks, what may block, and how complete the search was."""
    inventory = found.plan.inventory
    every = hindrances(found, tr)
    lines = [tr("*What blocks*")]
    lines += listing(every, tr, most=MOST_BLOCKERS) or [tr("Nothing was found that blocks.")]
    if inventory is None:
        return lines
    maybe = words.blockers((one for one in inventory.blockers if not one.sure), tr, inventory)
    if maybe:
        lines += [tr("*May block, or go with the package by itself:*"), *listing(maybe, tr, most=5)]
    gaps = [clip(tr.text(gap), 400) for gap in inventory.incomplete]
    if gaps:
        return [*lines, tr("The search is not complete:"), *listing(gaps, tr, most=4)]
    return [
        *lines,
        tr("The search covered what is documented; Salesforce may still name more."),
    ]


def approval(found: Findings, tr: Translator) -> str:
    """Say in one line whether the approvals can be completed today, and by whom."""
    needed, there = found.policy.highest_quorum, len(found.others)
    if there < needed:
        return tr.plural(
            "*Approval:* ⛔ not possible today: {needed} needed, {count} other person may approve.",
            "*Approval:* ⛔ not possible today: {needed} needed, {count} other people may approve.",
            there,
            needed=tr.number(needed),
        )
    if groups := found.unreachable_groups:
        names = ", ".join(outside(name, 40) for name in groups)
        return tr("*Approval:* ⛔ not possible today: nobody can stand for {groups}.", groups=names)
    return tr(
        "*Approval:* ✅ possible today: {needed} needed, and {people} may approve.",
        needed=tr.number(needed),
        people=people(found.others, tr, most=5),
    )


def approving(found: Findings, tr: Translator) -> list[str]:
    """Say who can approve, for which groups, and by what rules."""
    policy = found.policy
    removal = policy.removal_quorum or policy.quorum
    lines = [tr("*Who can approve*")]
    if found.others:
        lines.append(people(found.others, tr, most=20))
    else:
        lines.append(tr("Nobody besides you."))
    lines.append(
        tr(
            "The plan needs {plan}, the removal of the package {removal}. You are left out: nobody "
            "approves their own request.",
            plan=tr.plural("{count} approval", "{count} approvals", policy.quorum),
            removal=tr.plural("{count} approval", "{count} approvals", removal),
        )
    )
    for name in policy.groups:
        members = [one for one in (found.members or {}).get(name, ()) if one in found.others]
        lines.append(
            tr(
                "Somebody has to stand for {group}: {people}",
                group=outside(name, 40),
                people=people(members, tr) if members else tr("nobody now"),
            )
        )
    return lines


def cost(found: Findings, tr: Translator) -> str:
    """Say in one line how long the reassignment takes and what share of the day's calls."""
    expected = found.plan.forecast
    time = forecast.duration(expected, tr)
    calls = tr.plural("{count} call to HubSpot", "{count} calls to HubSpot", expected.calls)
    if not found.plan.total:
        return tr("*Time and calls:* none for reassigning; there is nothing to reassign.")
    if expected.daily_remaining is None:
        return tr("*Time and calls:* about {time}, {calls}", time=time, calls=calls)
    return tr(
        "*Time and calls:* about {time}, {calls} ({share} of what is left today)",
        time=time,
        calls=calls,
        share=forecast.share(expected, tr),
    )


def costing(found: Findings, tr: Translator) -> list[str]:
    """Say what it costs, by service, and what is assumed in that."""
    plan, policy = found.plan, found.policy
    short = forecast.warning(plan.forecast, tr) if plan.total else None
    lines = [tr("*What it costs*"), *([short] if short else [])]
    if plan.total:
        lines += forecast.lines(plan.forecast, None, tr)
        lines.append(_assumed(found, tr))
    if plan.inventory is not None:
        lines.append(_salesforce(found, tr))
    lines.append(
        tr(
            "*People's time comes on top:* the approvals may take up to {approval} each, and a "
            "saved data copy can be downloaded for {window} after the uninstall.",
            approval=tr.duration(timedelta(seconds=policy.approval_ttl)),
            window=words.lead(policy.window, tr),
        )
    )
    return lines


def _assumed(found: Findings, tr: Translator) -> str:
    return tr(
        "Assumed: {rate} calls in ten seconds at most, and 5 searches a second; {page} records a "
        "search, {batch} a reading or an update, {checked} a check; nobody else uses up the "
        "account's limits, and HubSpot refuses nothing.",
        rate=tr.number(found.requests),
        page=SEARCH_PAGE,
        batch=BATCH,
        checked=HISTORY_BATCH,
    )


def _salesforce(found: Findings, tr: Translator) -> str:
    pause = max(found.poll_seconds, min(15 * found.poll_seconds, RARELY_SECONDS))
    looks = -(-24 * 3600 // pause)
    return tr.plural(
        "*Calls to Salesforce:* {count} look at the package a day while the run waits, one look "
        "every {often} around the uninstall, and some to read the package before each approval. "
        "Sunset does not know the org's daily limit.",
        "*Calls to Salesforce:* {count} looks at the package a day while the run waits, one look "
        "every {often} around the uninstall, and some to read the package before each approval. "
        "Sunset does not know the org's daily limit.",
        looks,
        often=tr.duration(timedelta(seconds=found.poll_seconds)),
    )


def package(found: Findings, tr: Translator) -> str:
    """Say in one line what the package holds."""
    inventory = found.plan.inventory
    if inventory is None:
        return tr("*Package:* not installed in Salesforce; step 3 is not needed.")
    known = sum(one.records or 0 for one in inventory.objects)
    return tr(
        "*Package:* {name} {version}: {components}, {objects} with {records}",
        name=outside(inventory.package.name, 80),
        version=outside(inventory.package.version, 40),
        components=tr.plural("{count} component", "{count} components", len(inventory.components)),
        objects=tr.plural(
            "{count} custom object", "{count} custom objects", len(inventory.objects)
        ),
        records=tr.plural("{count} record", "{count} records", known),
    )


def contents(found: Findings, tr: Translator) -> list[str]:
    """Say what the package holds, by type and by object."""
    inventory = found.plan.inventory
    if inventory is None:
        return []
    objects = [f"{code(one.name, 80)}: {words.records(one, tr)}" for one in inventory.objects]
    return [
        tr("*What the package holds*"),
        words.components(inventory, tr),
        *listing(objects, tr, most=8),
    ]
