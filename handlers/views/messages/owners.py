"""Step 2: the mapping, the job with its progress, and the cleanup in HubSpot (P2)."""

from __future__ import annotations

from datetime import timedelta

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import words
from handlers.views.parts import bar, listing, outside, percent, section
from handlers.views.parts import sections as packed
from workflows.run import Run
from workflows.values import OwnedRecords


def waiting_for_owners(tr: Translator) -> list[Block]:
    """Say what is being counted after the disconnect."""
    return [
        section(
            tr(
                "Sunset asks HubSpot which owners exist in Salesforce alone, and counts the "
                "contacts, companies and deals that belong to them."
            )
        )
    ]


def mapping(run: Run, tr: Translator) -> list[Block]:
    """Show the mapping as far as it is chosen (P2a, P2b)."""
    wanted, open_ones = len(run.to_map), len(run.unmapped)
    lines = [
        tr(
            "`P2a` HubSpot has sent, or will send, a mail with the subject “{subject}” to whoever "
            "disconnected. Sunset does what it asks for; keep it for the step after.",
            subject=words.MAIL_SUBJECT,
        ),
        tr(
            "`P2b` {counts} belong to Salesforce-only owners. Give each owner's records to a "
            "HubSpot owner.",
            counts=words.counts(words.summed(run.owners), tr),
        ),
        tr(
            "*Chosen:* {chosen} of {wanted}",
            chosen=tr.number(wanted - open_ones),
            wanted=tr.number(wanted),
        ),
        *listing([_mapped(run, owned, tr) for owned in _open_first(run)], tr, most=10),
        tr(
            "HubSpot does not say which owners come from Salesforce: these are queues and owners "
            "without a HubSpot user. Check that they are before you confirm."
        ),
    ]
    others = words.summed(run.owners, other=True)
    if any(others.values()):
        lines.append(
            tr("Theirs too, but left as they are: {counts}", counts=words.counts(others, tr))
        )
    return list(packed(lines))


def _open_first(run: Run) -> list[OwnedRecords]:
    return sorted(run.to_map, key=lambda owned: (owned.owner.id in run.mapping, -owned.total))


def _mapped(run: Run, owned: OwnedRecords, tr: Translator) -> str:
    target = run.mapping.get(owned.owner.id)
    if target is not None:
        goal = outside(target.label, 80)
    elif owned.suggestion is not None:
        goal = tr("open; suggested: {name}", name=outside(owned.suggestion.target.label, 80))
    else:
        goal = tr("open")
    name, counted = outside(owned.owner.label, 80), words.counts(owned.counts, tr)
    return f"{name} ({counted}) → {goal}"


def progress(tr: Translator, made: Progress | None) -> list[Block]:
    """Show how far the job is: bar, done of total, rate, time left, failures."""
    if made is None:
        return [section(tr("The job has not reported its progress yet."))]
    lines = [
        f"`{bar(made.done, made.total)}` {tr.number(percent(made.done, made.total))} %",
        tr(
            "{done} of {total} records",
            done=tr.number(made.done),
            total=tr.number(made.total),
        ),
    ]
    if made.failed:
        lines.append(
            tr.plural(
                "{count} record could not be changed.",
                "{count} records could not be changed.",
                made.failed,
            )
        )
    if made.per_second > 0:
        left = timedelta(seconds=max(0, made.total - made.done) / made.per_second)
        lines.append(
            tr(
                "{rate} records a second, about {left} left",
                rate=tr.number(max(1, round(made.per_second))),
                left=tr.duration(left),
            )
        )
    return list(packed(lines))


def reassigning(tr: Translator, made: Progress | None) -> list[Block]:
    """Show the running or paused job (P2b)."""
    rule = tr(
        "`P2b` A record is only changed while its owner is still the planned old one. You can "
        "pause at any time; nothing is lost."
    )
    return [*progress(tr, made), section(rule)]


def undoing(tr: Translator, made: Progress | None) -> list[Block]:
    """Show the running undo."""
    rule = tr("Records that somebody changed since are left alone.")
    return [*progress(tr, made), section(rule)]


def counting(run: Run, tr: Translator) -> list[Block]:
    """Show the job's result while it is being counted anew."""
    lines = [tr("HubSpot is asked anew what still belongs to Salesforce-only owners.")]
    if run.job_state == "recounting":
        return list(packed(lines))
    return list(packed([*tally_lines(run, tr), *lines]))


def left(run: Run, tr: Translator) -> list[Block]:
    """Show what the job could not change."""
    counted = words.counts(words.summed(run.owners), tr)
    heading = tr.plural(
        "{count} record still belongs to a Salesforce-only owner: {counts}.",
        "{count} records still belong to Salesforce-only owners: {counts}.",
        run.records_left,
        counts=counted,
    )
    failures = [
        tr(
            "{type} {record}: {reason}",
            type=words.object_type(failure.object_type, tr),
            record=outside(failure.record_id, 40),
            reason=outside(failure.reason, 200),
        )
        for failure in run.failures[:5]
    ]
    lines = [heading, *tally_lines(run, tr)]
    if failures:
        lines += [tr("*HubSpot refused, for example:*"), *listing(failures, tr, most=5)]
    lines.append(
        tr(
            "Put right in HubSpot what it complains about, then try again; or choose other owners; "
            "or give everything back."
        )
    )
    return list(packed(lines))


def tally_lines(run: Run, tr: Translator) -> list[str]:
    """Add the last job's result up by object type."""
    sums: dict[str, tuple[int, int, int]] = {}
    for tally in run.tallies:
        changed, failed, alone = sums.get(tally.object_type, (0, 0, 0))
        sums[tally.object_type] = (
            changed + tally.changed,
            failed + tally.failed,
            alone + tally.left_alone,
        )
    lines = [
        tr(
            "{type}: {changed} changed, {failed} failed, {alone} left alone",
            type=words.object_type(kind, tr),
            changed=tr.number(changed),
            failed=tr.number(failed),
            alone=tr.number(alone),
        )
        for kind, (changed, failed, alone) in sums.items()
    ]
    if not lines:
        return []
    return [tr("*Result of the last reassignment:*"), *listing(lines, tr, most=12)]


def cleanup(run: Run, tr: Translator) -> list[Block]:
    """Show P2c-e; only asked while a fresh count finds nothing left."""
    lines: list[str] = []
    proof = run.evidence.get("reassign")
    if proof is not None:
        known = words.evidence(proof, tr)
        lines.append(tr("Nothing is left to reassign: {evidence}", evidence=known))
    if run.remaining_owners:
        names = [outside(owner.label, 80) for owner in run.remaining_owners]
        lines += [tr("⚠️ *Still listed in HubSpot:*"), *listing(names, tr, most=8)]
    lines += [
        tr(
            "⚠️ *This cannot be undone:* once they are deleted, no record can be given back to a "
            "Salesforce owner."
        ),
        tr(
            "`P2a` Open HubSpot's mail “{subject}”. It went to whoever disconnected.",
            subject=words.MAIL_SUBJECT,
        ),
        tr("`P2c` In it, follow *Go to owner cleanup page*."),
        tr("`P2d` On that page press *Delete Salesforce owners*, top right."),
        tr("`P2e` Press *Got it*."),
        tr("Then come back and press the button below."),
    ]
    return list(packed(lines))


def waiting_for_deletion(run: Run, tr: Translator) -> list[Block]:
    """Say how the deletion is being checked."""
    lines = [tr("Sunset asks HubSpot until none of the Salesforce-only owners is listed any more.")]
    if run.cleanup_reported_at is not None:
        when = tr.moment(run.cleanup_reported_at)
        lines.append(tr("The deletion was reported {when}.", when=when))
    return list(packed(lines))
