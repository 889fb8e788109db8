"""Step 3: what is deleted, the data copy, the approvals of the removal, and the clicks (P3)."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.views import words
from handlers.views.messages.approval import gap_lines, package_lines, votes
from handlers.views.parts import context, divider, listing, mention, outside, section
from handlers.views.parts import sections as packed
from workflows.rules.package import inventory_digest
from workflows.run import Run


def waiting_for_inventory(tr: Translator) -> list[Block]:
    """Say what is being read."""
    return [
        section(
            tr(
                "`P3c` Sunset lists what would be deleted: the package's components and objects "
                "with their records, and what blocks the uninstall."
            )
        )
    ]


def choose_copy(run: Run, tr: Translator) -> list[Block]:
    """Show the inventory (P3c) and what the choice about the copy means (P3d)."""
    return [
        *_deleted(run, tr),
        section(
            tr(
                "`P3d` Salesforce lets you choose:\n"
                "• *Save a copy of this package's data for 48 hours after uninstall* – it has to "
                "be downloaded within that time, by a person. It holds no relationships; dates "
                "become date-times in GMT.\n"
                "• *Do not save a copy of this package's data after uninstall* – the data can "
                "then never be reached again."
            )
        ),
    ]


def confirm_no_copy(run: Run, tr: Translator) -> list[Block]:
    """Ask a second time before the data is given up (P3d)."""
    numbers = [item.records for item in run.inventory.objects] if run.inventory else []
    known = sum(number for number in numbers if number is not None)
    return [
        section(
            tr(
                "⚠️ `P3d` *Do not save a copy* was chosen ({backup}). Without the copy the "
                "package's data can never be reached again.",
                backup=words.own_backup(run.own_backup, tr),
            )
        ),
        section(
            tr.plural(
                "{count} record in the package's objects is known to be deleted.",
                "{count} records in the package's objects are known to be deleted.",
                known,
            )
        ),
    ]


def approve_removal(run: Run, tr: Translator) -> list[Block]:
    """Show exactly what the approvals of the removal are bound to."""
    consent = run.evidence.get("consent") if run.consent else None
    if consent is None:
        agreed = tr(
            "`P3e` *Consent:* not given yet. {who}, an administrator has to tick *Yes, I want to "
            "uninstall this package and permanently delete all associated components*.",
            who=mention(run.responsible),
        )
    else:
        agreed = tr("`P3e` *Consent:* {evidence}", evidence=words.evidence(consent, tr))
    return [
        section(
            tr(
                "⚠️ *This cannot be undone.* With the last approval and the consent the package is "
                "uninstalled, and all of this is deleted for good, with the customisations, data, "
                "reports and relationships that hang on it."
            )
        ),
        *_deleted(run, tr),
        section(_chosen(run, tr)),
        divider(),
        *votes(run, run.removal_digest, tr),
        section(agreed),
        context(
            tr(
                "Approvals count for removal {digest} alone (the package as listed, and the choice "
                "about the copy), and lapse when either changes. Whoever asked for the run, or is "
                "responsible for it, cannot approve it.",
                digest=words.short(run.removal_digest),
            )
        ),
    ]


def _deleted(run: Run, tr: Translator) -> list[Block]:
    if run.inventory is None:
        return []
    digest = words.short(inventory_digest(run.inventory))
    return list(
        packed(
            [
                tr("`P3c` *This is deleted for good* (list {digest}):", digest=digest),
                *package_lines(run.inventory, tr),
                *gap_lines(run, tr),
            ]
        )
    )


def _chosen(run: Run, tr: Translator) -> str:
    backup = words.own_backup(run.own_backup, tr)
    if run.keep_copy:
        return tr(
            "`P3d` *Chosen:* save a copy of this package's data for 48 hours ({backup}).",
            backup=backup,
        )
    return tr(
        "`P3d` *Chosen:* ⚠️ do not save a copy; the data can never be reached again ({backup}).",
        backup=backup,
    )


def waiting_for_reconfirmation(run: Run, tr: Translator) -> list[Block]:
    """Say why the package is read once more before anything is pressed."""
    return [
        section(
            tr(
                "⚠️ Do not press anything in Salesforce yet. Sunset reads the package once more: "
                "what is uninstalled has to be what was approved ({digest}).",
                digest=words.short(run.removal_digest),
            )
        )
    ]


def remove(run: Run, tr: Translator) -> list[Block]:
    """Show P3a-f, with the choice that was approved."""
    blocks: list[Block] = []
    if run.removal_problems:
        blocks += packed(problem_lines(run, tr))
    if run.inventory is not None and run.inventory.org_id:
        org = outside(run.inventory.org_id, 40)
        heading = tr("*In Salesforce, org {org}:*", org=org)
    else:
        heading = tr("*In Salesforce:*")
    return [*blocks, section(_last_warning(run, tr)), *packed([heading, *_clicks(run, tr)])]


def _last_warning(run: Run, tr: Translator) -> str:
    if run.keep_copy:
        return tr(
            "⚠️ *This cannot be undone.* Make sure that the copy is chosen: the data can never be "
            "reached again without it."
        )
    return tr(
        "⚠️ *This cannot be undone*, and no copy is saved. You can do it in Salesforce Setup, or "
        "let Sunset remove the package through the Metadata API."
    )


def _clicks(run: Run, tr: Translator) -> list[str]:
    name = outside(run.inventory.package.name, 80) if run.inventory else "HubSpot Integration"
    if run.keep_copy:
        choice = tr(
            "`P3d` Choose *Save a copy of this package's data for 48 hours after uninstall* – "
            "this was approved."
        )
    else:
        choice = tr(
            "`P3d` Choose *Do not save a copy of this package's data after uninstall* – this was "
            "approved."
        )
    return [
        tr(
            "`P3a` *Lightning Experience:* gear icon, top right › Setup › Platform Tools › Apps › "
            "Installed Packages."
        ),
        tr(
            "`P3a` *Salesforce Classic:* Setup, top right (or your name › Setup) › Build › Develop "
            "› Installed Packages."
        ),
        tr("`P3b` Beside *{package}* press *Uninstall*.", package=name),
        tr(
            "`P3c` Read the list of what is deleted. If it shows more than was approved, stop and "
            "press “Check now” below."
        ),
        choice,
        tr(
            "`P3e` Tick *Yes, I want to uninstall this package and permanently delete all "
            "associated components*."
        ),
        tr("`P3f` Press *Uninstall*."),
        tr("Then come back at once and press the button below."),
    ]


def problem_lines(run: Run, tr: Translator) -> list[str]:
    """Show what Salesforce said when it refused."""
    return [
        tr("⚠️ *Salesforce refused the uninstall; nothing was deleted. Remove these first:*"),
        *listing(words.blockers(run.removal_problems, tr, run.inventory), tr, most=10),
    ]


def waiting_for_removal(run: Run, tr: Translator) -> list[Block]:
    """Say how the removal is being watched."""
    if run.bot_removing:
        lines = [
            tr(
                "Sunset removes the package through the Metadata API (attempt {attempt}).",
                attempt=run.bot_removal,
            )
        ]
    else:
        lines = [
            tr(
                "`P3f` *Uninstall* was reported as pressed. Salesforce takes a while, and mails "
                "whoever pressed it."
            )
        ]
    lines.append(
        tr("Sunset asks Salesforce until the package is not listed any more, in two readings.")
    )
    return list(packed(lines))
