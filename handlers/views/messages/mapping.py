"""Step 2, the mapping: who is a Salesforce-only owner, and who gets their records (P2a–b)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.views import forecast, words
from handlers.views.parts import listing, outside, section
from handlers.views.parts import sections as packed
from workflows.run import Run
from workflows.values import CORE_OBJECTS, OwnedRecords, Owner


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
    groups = [
        _to_do(run, tr),
        _chosen(run, tr),
        _others(run, tr),
        candidate_lines(run.candidates, tr),
        _excluded(run, tr),
        deactivated_lines(run.plan.deactivated if run.plan else (), tr),
        _forecast(run, tr),
    ]
    return [block for lines in groups for block in packed(lines)]


def _to_do(run: Run, tr: Translator) -> list[str]:
    short = forecast.warning(forecast.of_mapping(run), tr)
    belongs = tr("`P2b` No owner is left whose records are to be reassigned.")
    if run.to_map:
        belongs = tr(
            "`P2b` {counts} belong to Salesforce-only owners. Give each owner's records to a "
            "HubSpot owner.",
            counts=words.counts(words.summed(run.candidates), tr, words.labels(run)),
        )
    return [
        *([short] if short else []),
        tr(
            "`P2a` HubSpot has sent, or will send, a mail with the subject “{subject}” to whoever "
            "disconnected. Sunset does what it asks for; keep it for the step after.",
            subject=words.MAIL_SUBJECT,
        ),
        belongs,
    ]


def _chosen(run: Run, tr: Translator) -> list[str]:
    if not run.to_map:
        return []
    wanted, open_ones = len(run.to_map), len(run.unmapped)
    chosen = tr(
        "*Chosen:* {chosen} of {wanted}",
        chosen=tr.number(wanted - open_ones),
        wanted=tr.number(wanted),
    )
    lines = [_mapped(run, owned, tr) for owned in _open_first(run)]
    return [chosen, *listing(lines, tr, most=10)]


def _open_first(run: Run) -> list[OwnedRecords]:
    unmapped = {owned.owner.id for owned in run.unmapped}
    return sorted(run.to_map, key=lambda owned: (owned.owner.id not in unmapped, -owned.total))


def _mapped(run: Run, owned: OwnedRecords, tr: Translator) -> str:
    labels = words.labels(run)
    given = run.mapping.get(owned.owner.id)
    if given is not None:
        goal = words.assignment(given, tr, labels)
    elif owned.suggestion is not None:
        target = outside(owned.suggestion.target.label, 80)
        reason = outside(words.suggestion_reason(owned.suggestion, tr), 120)
        goal = tr("open; suggested: {name}, {reason}", name=target, reason=reason)
    else:
        goal = tr("open")
    counted = words.counts(owned.counts, tr, labels)
    return f"{outside(owned.owner.label, 80)} ({counted}; {words.why(owned, tr)}) → {goal}"


def candidate_lines(owners: Sequence[OwnedRecords], tr: Translator) -> list[str]:
    """Say why these count as Salesforce-only owners, queues and people apart; ask to check."""
    why = Counter(owned.why for owned in owners)
    found = [
        (
            why["queue"],
            tr.plural("{count} queue of Salesforce", "{count} queues of Salesforce", why["queue"]),
        ),
        (
            why["no_hubspot_user"],
            tr.plural(
                "{count} person without a HubSpot user",
                "{count} people without a HubSpot user",
                why["no_hubspot_user"],
            ),
        ),
        (
            why["email_unknown"],
            tr.plural(
                "{count} person whose e-mail the account does not know",
                "{count} people whose e-mails the account does not know",
                why["email_unknown"],
            ),
        ),
    ]
    reasons = [f"• {text}" for count, text in found if count]
    if not reasons:
        return []
    return [
        tr("*Why these owners:* HubSpot does not say which owners come from Salesforce. Found:"),
        *reasons,
        tr("Check the list before you confirm, and exclude whoever does not belong there."),
    ]


def _excluded(run: Run, tr: Translator) -> list[str]:
    gone = [owned for owned in run.owners if owned.owner.id in run.excluded]
    if not gone:
        return []
    labels = words.labels(run)
    names = [
        f"{outside(owned.owner.label, 80)} ({words.counts(owned.counts, tr, labels)})"
        for owned in gone
    ]
    title = tr.plural(
        "*Excluded:* {count} owner, whose records stay as they are",
        "*Excluded:* {count} owners, whose records stay as they are",
        len(gone),
    )
    return [title, *listing(names, tr, most=5)]


def deactivated_lines(owners: Sequence[Owner], tr: Translator) -> list[str]:
    """Name deactivated HubSpot users: they are no Salesforce-only owners."""
    if not owners:
        return []
    title = tr.plural(
        "*Left alone:* {count} deactivated HubSpot user; no Salesforce-only owner",
        "*Left alone:* {count} deactivated HubSpot users; no Salesforce-only owners",
        len(owners),
    )
    return [title, *listing([outside(owner.label, 80) for owner in owners], tr, most=5)]


def _others(run: Run, tr: Translator) -> list[str]:
    labels = words.labels(run)
    chosen = [kind for kind in run.objects if kind not in CORE_OBJECTS]
    lines = []
    if chosen:
        names = ", ".join(words.object_type(kind, tr, labels) for kind in chosen[:12])
        lines.append(tr("*Reassigned too:* {names}", names=names))
    others = words.summed(run.candidates, other=True)
    if any(others.values()):
        counted = words.counts(others, tr, labels)
        lines.append(tr("Theirs too, but left as they are: {counts}", counts=counted))
    return lines


def _forecast(run: Run, tr: Translator) -> list[str]:
    if not run.to_map:
        return []
    taken_at = run.plan.taken_at if run.plan else None
    return forecast.lines(forecast.of_mapping(run), taken_at, tr)
