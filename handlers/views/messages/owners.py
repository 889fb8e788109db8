"""Step 2: the job, what it leaves, and the cleanup in HubSpot (P2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import words
from handlers.views.messages.progress import progress, waiting_lines
from handlers.views.parts import listing, outside, section
from handlers.views.parts import sections as packed
from workflows.run import Run
from workflows.values import Failure, OwnedRecords, Tally

REASONS = 6
"""How many of HubSpot's reasons are shown."""


def reassigning(run: Run, tr: Translator, made: Progress | None) -> list[Block]:
    """Show the running or paused job (P2b), and in which order it does what."""
    if run.job_state == "paused":
        held = tr("Nothing is written while it is paused, and nothing is lost.")
    else:
        held = tr("You can pause or stop at any time; nothing is lost.")
    lines = [
        *waiting_lines(run, tr),
        tr("`P2b` A record is only changed while its owner is still the planned old one.")
        + f" {held}",
        *_order(tr),
    ]
    return [*progress(run, tr, made), *packed(lines)]


def _order(tr: Translator) -> list[str]:
    return [
        tr("1. Sunset reads each record's owner, and writes the new one in the next moment."),
        tr(
            "2. Sunset reads the history of each record's owner to find those that somebody else "
            "gave away between its reading and its write; HubSpot cannot rule that out."
        ),
        tr("3. Sunset counts anew what still belongs to each Salesforce-only owner."),
    ]


def stopping(run: Run, tr: Translator, made: Progress | None) -> list[Block]:
    """Show a job or an undo that ends early."""
    if run.job_state == "ending_undo":
        rest = tr("No further record is given back. What was given back stays so.")
        return [*progress(run, tr, made), section(rest)]
    rule = tr(
        "No further record is changed. What was under way is settled, and the histories of the "
        "changed records are checked."
    )
    return [*progress(run, tr, made), section(rule)]


def undoing(run: Run, tr: Translator, made: Progress | None) -> list[Block]:
    """Show the running undo, and what it is limited to."""
    lines = [*waiting_lines(run, tr), *_scope(run, tr)]
    lines.append(
        tr(
            "A record goes back only where its owner is still the one that Sunset wrote. Records "
            "that somebody changed since are left alone, and listed in a file in the thread."
        )
    )
    return [*progress(run, tr, made), *packed(lines)]


def _scope(run: Run, tr: Translator) -> list[str]:
    lines: list[str] = []
    if run.undo_owner:
        owned = run.owner(run.undo_owner)
        name = owned.owner.label if owned else f"#{run.undo_owner}"
        lines.append(tr("*Only the records of:* {name}", name=outside(name, 120)))
    if run.undo_object:
        kind = words.object_type(run.undo_object, tr, words.labels(run))
        lines.append(tr("*Only this object type:* {type}", type=kind))
    return lines


def counting(run: Run, tr: Translator) -> list[Block]:
    """Show the job's result while it is being counted anew."""
    lines = [tr("HubSpot is asked anew what still belongs to Salesforce-only owners.")]
    if run.job_state == "recounting":
        return list(packed(lines))
    return list(packed([*tally_lines(run, tr), *lines]))


# --- what is left --------------------------------------------------------------------------------


def left(run: Run, tr: Translator) -> list[Block]:
    """Show what is left after a job, for each old owner and object type, and why."""
    counts = words.counts(words.summed(run.candidates), tr, words.labels(run))
    heading = tr.plural(
        "{count} record still belongs to a Salesforce-only owner: {counts}.",
        "{count} records still belong to Salesforce-only owners: {counts}.",
        run.records_left,
        counts=counts,
    )
    most_first = sorted(run.to_map, key=lambda owned: -owned.total)
    lines = [
        heading,
        tr("*Counted anew, by old owner:*"),
        *listing([_rest(run, owned, tr) for owned in most_first], tr, most=10),
    ]
    none = len(run.candidates) - len(run.to_map)
    if none:
        lines.append(
            tr.plural(
                "{count} other owner has no record any more.",
                "{count} other owners have no record any more.",
                none,
            )
        )
    groups = [lines, tally_lines(run, tr), _refusals(run, tr), _ways_on(run, tr)]
    return [block for group in groups for block in packed(group)]


def _refused(run: Run, owner_id: str, kind: str) -> int:
    return sum(
        tally.failed
        for tally in run.tallies
        if (tally.owner_id, tally.object_type) == (owner_id, kind)
    )


def _rest(run: Run, owned: OwnedRecords, tr: Translator) -> str:
    """Write what one old owner still has, and how much of it HubSpot has refused."""
    parts = []
    for kind, count in owned.counts.items():
        if not count:
            continue
        part = words.counts({kind: count}, tr, words.labels(run))
        refused = min(count, _refused(run, owned.owner.id, kind))
        if refused:
            part += " " + tr("(refused: {count})", count=tr.number(refused))
        parts.append(part)
    return f"{outside(owned.owner.label, 80)}: {', '.join(parts[:12])}"


def _refusals(run: Run, tr: Translator) -> list[str]:
    """Group the failures by HubSpot's reason, the most frequent first, with an example."""
    by_reason: dict[str, list[Failure]] = {}
    for failure in run.failures:
        by_reason.setdefault(_without_id(failure), []).append(failure)
    groups = sorted(by_reason.items(), key=lambda group: -len(group[1]))
    if not groups:
        return []
    labels = words.labels(run)
    lines = [_refusal(reason, some, tr, labels) for reason, some in groups]
    shown = [
        tr.plural(
            "*{count} record was refused by HubSpot, by reason:*",
            "*{count} records were refused by HubSpot, by reason:*",
            run.failure_count,
        ),
        *(f"• {line}" for line in lines[:REASONS]),
    ]
    if len(lines) > REASONS:
        shown.append(more_in_file(len(lines) - REASONS, tr))
    unread = run.failure_count - len(run.failures)
    if unread > 0:
        shown.append(
            tr(
                "Grouped here are the first {count}; the file in the thread lists them all.",
                count=tr.number(len(run.failures)),
            )
        )
    return shown


def _without_id(failure: Failure) -> str:
    """Return HubSpot's reason without the record's own id, so that equal reasons are equal."""
    own = rf"(?<!\w){re.escape(failure.record_id)}(?!\w)"
    return re.sub(own, "…", failure.reason) if failure.record_id else failure.reason


def _refusal(reason: str, some: list[Failure], tr: Translator, labels: Mapping[str, str]) -> str:
    first = some[0]
    kind = words.object_type(first.object_type, tr, labels)
    example = f"{kind} `{outside(first.record_id, 40)}`"
    shown = outside(reason, 200)
    if len(some) == 1:
        return tr("“{reason}”: {example}", reason=outside(first.reason, 200), example=example)
    return tr(
        "{number} × “{reason}”, for example {example}",
        number=tr.number(len(some)),
        reason=shown,
        example=example,
    )


def more_in_file(count: int, tr: Translator) -> str:
    """End a list that goes on in the file that lies in the thread."""
    return tr.plural(
        "… and {count} more (in the file in the thread)",
        "… and {count} more (in the file in the thread)",
        count,
    )


def _ways_on(run: Run, tr: Translator) -> list[str]:
    """Say what can be done about what is left."""
    new = sum(
        max(0, count - _refused(run, owned.owner.id, kind))
        for owned in run.to_map
        for kind, count in owned.counts.items()
    )
    lines = []
    if new:
        lines.append(
            tr.plural(
                "{count} of them was not reached by the job, or has come to its owner since.",
                "{count} of them were not reached by the job, or have come to their owners since.",
                new,
            )
        )
    waiting = len({owned.owner.id for owned in (*run.unmapped, *run.unconfirmed)})
    if waiting:
        lines.append(
            tr.plural(
                "For {count} owner no HubSpot owner is confirmed: press *Choose other owners*.",
                "For {count} owners no HubSpot owner is confirmed: press *Choose other owners*.",
                waiting,
            )
        )
        return lines
    if run.failure_count:
        lines.append(tr("First put right in HubSpot what it complains about."))
    again = tr(
        "*Try these again* takes all of them. You can also choose other owners, or give records "
        "back."
    )
    return [*lines, again]


def tally_lines(run: Run, tr: Translator) -> list[str]:
    """Add the last job's result up by object type."""
    told = results(run.tallies, tr, words.labels(run))
    if told:
        return [tr("*Result of the last reassignment:*"), *told]
    if run.tallies:
        return [tr("*Result of the last reassignment:* no record was changed.")]
    return []


def results(tallies: Iterable[Tally], tr: Translator, labels: Mapping[str, str]) -> list[str]:
    """Add a job's result up by object type, and say what changed hands while it ran."""
    sums: dict[str, Counter[str]] = {}
    for tally in tallies:
        sums.setdefault(tally.object_type, Counter()).update(
            changed=tally.changed,
            failed=tally.failed,
            alone=tally.left_alone,
            overwritten=tally.overwritten,
        )
    lines = [
        f"{words.object_type(kind, tr, labels)}: {', '.join(done)}"
        for kind in words.ordered(sums)
        if (done := _done(sums[kind], tr))
    ]
    return [*listing(lines, tr, most=12), *_asides(sums.values(), tr)]


def _done(numbers: Counter[str], tr: Translator) -> list[str]:
    """Say what became of the records of a type, without the zeros."""
    said = []
    if numbers["changed"]:
        said.append(tr("{number} changed", number=tr.number(numbers["changed"])))
    if numbers["failed"]:
        said.append(tr("{number} failed", number=tr.number(numbers["failed"])))
    if numbers["alone"]:
        said.append(tr("{number} left alone", number=tr.number(numbers["alone"])))
    return said


def _asides(sums: Iterable[Counter[str]], tr: Translator) -> list[str]:
    total = sum(sums, Counter[str]())
    lines = []
    if total["alone"]:
        lines.append(
            tr(
                "Left alone: their owner was no longer the planned one, or the record is gone. "
                "The file in the thread lists them."
            )
        )
    if total["overwritten"]:
        lines.append(
            tr.plural(
                "⚠️ {count} record changed hands between Sunset's reading and its write, and now "
                "has the planned owner. The file in the thread names it: decide whose it is.",
                "⚠️ {count} records changed hands between Sunset's reading and its write, and now "
                "have the planned owner. The file in the thread lists them: decide whose they are.",
                total["overwritten"],
            )
        )
    return lines


# --- the cleanup ---------------------------------------------------------------------------------


def cleanup(run: Run, tr: Translator) -> list[Block]:
    """Show P2c-e; only asked while a fresh count finds nothing left."""
    lines: list[str] = []
    proof = run.evidence.get("reassign")
    if proof is not None:
        known = words.evidence(proof, tr)
        lines.append(tr("Nothing is left to reassign: {evidence}", evidence=known))
    lines += _not_reassigned(run, tr)
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


def _not_reassigned(run: Run, tr: Translator) -> list[str]:
    """Name what still belongs to the listed owners because nobody wanted it reassigned."""
    lines: list[str] = []
    labels = words.labels(run)
    others = words.summed(run.candidates, other=True)
    if any(others.values()):
        counts = words.counts(others, tr, labels)
        lines.append(tr("⚠️ Not chosen, and still theirs: {counts}", counts=counts))
    kept = run.excluded_owners
    if kept:
        names = [
            f"{outside(owned.owner.label, 80)} ({words.counts(owned.counts, tr, labels)})"
            for owned in kept
        ]
        lines += [
            tr("⚠️ *Excluded, so their records stay theirs.* HubSpot's page must not list them:"),
            *listing(names, tr, most=8),
        ]
    if lines:
        lines.append(tr("*Reassign these too* leads back to the choice of HubSpot owners."))
    return lines
