"""The plan's prompts (P0): the plan, the advice against it, and the approvals bound to it."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.views import changes, forecast, words
from handlers.views.messages import mapping
from handlers.views.parts import (
    clip,
    code,
    context,
    divider,
    listing,
    mention,
    outside,
    people,
    section,
)
from handlers.views.parts import sections as packed
from workflows.rules.approval import digest_in_force, missing_groups, quorum_of
from workflows.run import Run
from workflows.values import Inventory, OwnedRecords, Plan


def waiting_for_plan(run: Run, tr: Translator) -> list[Block]:
    """Say what is being looked at."""
    return [
        *request(run, tr),
        section(
            tr(
                "Sunset reads, and changes nothing: the HubSpot account, the Salesforce-only "
                "owners with their records, and the package in Salesforce."
            )
        ),
    ]


def advice(run: Run, tr: Translator) -> list[Block]:
    """Ask again, because the stated reason is a sync problem (P0c)."""
    return [
        *request(run, tr),
        section(p0c(tr)),
        section(
            tr(
                "The stated reason is a problem with the sync. {who}, do you want to uninstall "
                "all the same? If not, cancel the run on the card at the top of the thread.",
                who=mention(run.responsible),
            )
        ),
    ]


def plan(run: Run, tr: Translator) -> list[Block]:
    """Show what the approvals of the plan are bound to."""
    if run.plan is None:
        return []
    return [
        *request(run, tr),
        section(p0c(tr)),
        *packed(changes.since_plan(run, tr)),
        *(block for lines in _plan_groups(run, run.plan, tr) for block in packed(lines)),
        divider(),
        *votes(run, tr),
        context(
            tr(
                "Approvals count for plan {digest} alone, and lapse when it changes. Whoever asked "
                "for the run, or is responsible for it, cannot approve it.",
                digest=words.short(digest_in_force(run)),
            )
        ),
    ]


def request(run: Run, tr: Translator) -> list[Block]:
    """Say who asked for the run, and why."""
    asked = tr(
        "Requested by {who}, {when}. *Reason:* {reason}",
        who=mention(run.requester),
        when=tr.moment(run.started_at),
        reason=words.reason(run.reason, tr),
    )
    if not run.note:
        return [section(asked)]
    return [section(asked), section(tr("*Note:* {note}", note=outside(run.note, 2_900)))]


def p0c(tr: Translator) -> str:
    """Say what is said before anything starts (P0c)."""
    return tr(
        "⚠️ `P0c` Uninstalling and installing again is not a way to repair the integration. "
        "For suspension errors, sync errors or other problems, look in the HubSpot knowledge "
        "base and troubleshoot first; then ask HubSpot Support."
    )


def votes(run: Run, tr: Translator) -> list[Block]:
    """Show the approvals so far, how many are needed, and who still has to be represented."""
    voters = list(run.votes)
    line = tr(
        "*Approvals:* {count} of {quorum}",
        count=tr.number(len(voters)),
        quorum=tr.number(quorum_of(run)),
    )
    if voters:
        line = f"{line} – {people(voters, tr)}"
    shown = digest_in_force(run) if voters else ""
    earlier = [person for person, bound in run.votes.items() if bound != shown]
    if earlier:
        line = f"{line}\n" + tr(
            "Approved before a detail above changed that is not part of what is done or deleted: "
            "{people}.",
            people=people(earlier, tr),
        )
    missing = missing_groups(run)
    if missing:
        groups = ", ".join(outside(name, 40) for name in missing)
        line = f"{line}\n" + tr("Somebody still has to stand for: {groups}", groups=groups)
    return [section(line)]


def plan_lines(run: Run, plan: Plan, tr: Translator) -> list[str]:
    """Summarise the plan."""
    return [line for lines in _plan_groups(run, plan, tr) for line in lines]


def _plan_groups(run: Run, plan: Plan, tr: Translator) -> list[list[str]]:
    return [
        _short_of_calls(plan, tr),
        _account_lines(plan, tr),
        _to_reassign(plan, tr),
        mapping.candidate_lines(plan.owners, tr),
        mapping.deactivated_lines(plan.deactivated, tr),
        package_lines(plan.inventory, tr),
        _forecast_lines(plan, tr),
        gap_lines(run, tr),
    ]


def _account_lines(plan: Plan, tr: Translator) -> list[str]:
    rights = {
        True: tr("HubSpot says that the requester is a super admin"),
        False: tr(
            "HubSpot says that the requester is *not* a super admin; somebody who is has to help"
        ),
        None: tr("attested by the requester; HubSpot could not be asked"),
    }
    return [
        tr(
            "*HubSpot account:* {portal} ({type})",
            portal=outside(plan.account.portal_id, 40),
            type=outside(plan.account.account_type, 40) or tr("type unknown"),
        ),
        tr("`P0a` Subscription: attested by the requester; HubSpot's API does not tell it."),
        tr(
            "`P0b` Administrator in HubSpot: {rights}", rights=rights[plan.requester_is_super_admin]
        ),
    ]


def _to_reassign(plan: Plan, tr: Translator) -> list[str]:
    most_first = sorted(_with_records(plan), key=lambda owned: -owned.total)
    others = words.summed(plan.owners, other=True)
    lines = [
        f"{outside(owned.owner.label, 80)} ({words.why(owned, tr)}): "
        f"{words.counts(owned.counts, tr)}"
        for owned in most_first
    ]
    shown = [to_reassign(plan, tr), *listing(lines, tr, most=5)]
    if any(others.values()):
        counted = words.counts(others, tr, plan.labels)
        shown.append(
            tr(
                "Theirs too: {counts}. They are left as they are; other object types can be chosen "
                "with the HubSpot owners.",
                counts=counted,
            )
        )
    return shown


def to_reassign(plan: Plan, tr: Translator) -> str:
    """Say how many records of how many owners are to be reassigned."""
    with_records = _with_records(plan)
    if not with_records:
        return tr("*To reassign:* nothing; no record belongs to a Salesforce-only owner.")
    counts = words.counts(words.summed(plan.owners), tr)
    return tr.plural(
        "*To reassign:* {counts}, of {count} Salesforce-only owner",
        "*To reassign:* {counts}, of {count} Salesforce-only owners",
        len(with_records),
        counts=counts,
    )


def _with_records(plan: Plan) -> list[OwnedRecords]:
    return [owned for owned in plan.owners if owned.total]


def package_lines(inventory: Inventory | None, tr: Translator) -> list[str]:
    """Summarise the package: version, components, objects with records, blockers."""
    if inventory is None:
        return [tr("*Package:* not installed in Salesforce; step 3 is not needed.")]
    objects = [f"{code(item.name, 80)}: {words.records(item, tr)}" for item in inventory.objects]
    lines = [
        tr(
            "*Package:* {name} {version} ({namespace}), {components}",
            name=outside(inventory.package.name, 80),
            version=outside(inventory.package.version, 40),
            namespace=outside(inventory.package.namespace, 40),
            components=words.components(inventory, tr),
        ),
        _org(inventory, tr),
    ]
    if objects:
        lines += [tr("*Custom objects, with their records:*"), *listing(objects, tr, most=8)]
    else:
        lines.append(tr("*Custom objects:* none of its own."))
    return [*lines, *blocker_lines(inventory, tr)]


def _org(inventory: Inventory, tr: Translator) -> str:
    org = outside(inventory.org_id, 40) or "–"
    if inventory.org_is_sandbox:
        return tr("*Salesforce org:* {org} (a sandbox)", org=org)
    return tr("*Salesforce org:* {org} (production)", org=org)


def blocker_lines(inventory: Inventory, tr: Translator) -> list[str]:
    """Show the blockers found, and how complete the search for them was."""
    sure = [item for item in inventory.blockers if item.sure]
    unsure = [item for item in inventory.blockers if not item.sure]
    found, maybe = (words.blockers(some, tr, inventory) for some in (sure, unsure))
    if found:
        lines = [
            tr.plural(
                "*Blockers found:* {count}; Salesforce refuses the uninstall while it is there.",
                "*Blockers found:* {count}; Salesforce refuses the uninstall while they are there.",
                len(found),
            ),
            *listing(found, tr, most=5),
        ]
    else:
        lines = [tr("*Blockers found:* none.")]
    if maybe:
        lines += [tr("*May block, or go with the package by itself:*"), *listing(maybe, tr, most=5)]
    gaps = [clip(tr.text(gap), 400) for gap in inventory.incomplete]
    if gaps:
        lines += [tr("The search is not complete:"), *listing(gaps, tr, most=4)]
    else:
        lines.append(tr("The search covered what is documented; Salesforce may still name more."))
    return lines


def _forecast_lines(plan: Plan, tr: Translator) -> list[str]:
    return forecast.lines(plan.forecast, None, tr) if plan.total else []


def _short_of_calls(plan: Plan, tr: Translator) -> list[str]:
    short = forecast.warning(plan.forecast, tr) if plan.total else None
    return [short] if short else []


def gap_lines(run: Run, tr: Translator) -> list[str]:
    """Name what is not granted here and Sunset does without."""
    if not run.missing:
        return []
    names = ", ".join(f"`{outside(code, 60)}`" for code in sorted(run.missing)[:10])
    return [tr("*Sunset does without:* {names} (details are in the thread)", names=names)]
