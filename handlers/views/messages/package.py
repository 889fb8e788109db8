"""Step 3: what is deleted, the data copy, the approvals of the removal, and the clicks (P3)."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator
from handlers.ports import Progress
from handlers.views import backup, changes, words
from handlers.views.messages.approval import gap_lines, package_lines, request, votes
from handlers.views.messages.backup import offered
from handlers.views.messages.progress import progress
from handlers.views.parts import context, divider, mention, outside, section
from handlers.views.parts import sections as packed
from handlers.views.problems import problem_lines
from workflows.rules.approval import digest_in_force
from workflows.rules.package import inventory_digest
from workflows.run import Run
from workflows.timers import comparison_lapses


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
                "then never be reached again. A verified backup by Sunset is needed then, or an "
                "approver who waives it."
            )
        ),
        *offered(run, tr),
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
        *request(run, tr),
        *packed(changes.since_removal(run, tr)),
        *_deleted(run, tr),
        *packed([_chosen(run, tr), *backup.standing(run, tr)]),
        divider(),
        *votes(run, tr),
        section(agreed),
        context(
            tr(
                "Approvals count for removal {digest} alone (the package as listed, the choice "
                "about the copy, and the backup or its waiver), and lapse when any of them "
                "changes. Whoever asked for the run, or is responsible for it, cannot approve it.",
                digest=words.short(digest_in_force(run)),
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
                tr("The whole list is a file in the run's thread."),
                *gap_lines(run, tr),
            ]
        )
    )


def _chosen(run: Run, tr: Translator) -> str:
    if run.keep_copy:
        return tr("`P3d` *Chosen:* save a copy of this package's data for 48 hours.")
    return tr("`P3d` *Chosen:* ⚠️ do not save a copy; the data can never be reached again.")


def waiting_for_reconfirmation(run: Run, tr: Translator) -> list[Block]:
    """Say why the package is read once more before anything is pressed."""
    return [
        section(
            tr(
                "⚠️ Do not press anything in Salesforce yet. Sunset reads the package once more: "
                "what is uninstalled has to be what was approved ({digest}).",
                digest=words.short(run.approved.get("removal", run.removal_digest)),
            )
        )
    ]


def compare_again(run: Run, tr: Translator) -> list[Block]:
    """Say that the comparison is too old to press anything, and how it is made anew."""
    when = tr.moment(run.compared_at) if run.compared_at else "–"
    return [
        section(
            tr(
                "⚠️ Do not press *Uninstall* in Salesforce now. The package was last compared with "
                "what was approved {when}; since then somebody may have added to it, or written "
                "records. When you are ready to uninstall it, press “Check now”: Sunset reads the "
                "package again, and if nothing has changed you can go on at once.",
                when=when,
            )
        )
    ]


def remove(run: Run, tr: Translator) -> list[Block]:
    """Show P3a-f, with the choice that was approved."""
    blocks: list[Block] = [*packed(_in_the_way(run, tr))]
    if run.inventory is not None and run.inventory.org_id:
        org = outside(run.inventory.org_id, 40)
        heading = tr("*In Salesforce, org {org}:*", org=org)
    else:
        heading = tr("*In Salesforce:*")
    return [
        *blocks,
        *packed([_last_warning(run, tr), *_compared(run, tr), *backup.brief(run, tr)]),
        *packed([heading, *_clicks(run, tr)]),
    ]


def _compared(run: Run, tr: Translator) -> list[str]:
    """Say when the package was found to be what was approved: nobody knows of what came later."""
    lapses = comparison_lapses(run)
    if run.compared_at is None or lapses is None:
        return []
    return [
        tr(
            "Compared with what was approved {when}. Press “Check now” right before *Uninstall* "
            "if that is a while ago; {lapses} it has to be compared anew.",
            when=tr.moment(run.compared_at),
            lapses=tr.moment(lapses),
        )
    ]


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


def _in_the_way(run: Run, tr: Translator) -> list[str]:
    """Show what stands against the uninstall: Salesforce's own words, or what the search found."""
    found = run.inventory.blockers if run.inventory is not None else ()
    problems = run.removal_problems or found
    if not problems:
        return []
    heading = []
    if run.removal_problems:
        heading = [tr("⚠️ *The package is still installed.* Remove first what refers to it:")]
    elif any(one.sure for one in found):
        heading = [
            tr("⚠️ *Salesforce will probably refuse.* Remove first what refers to the package:")
        ]
    return [
        *heading,
        *problem_lines(problems, tr, run.inventory),
        tr("There may be others: Salesforce often names only a few at a time."),
    ]


def waiting_for_removal(run: Run, tr: Translator, made: Progress | None) -> list[Block]:
    """Say how the removal goes, how it is watched, and what can still stop it."""
    watched = tr(
        "Sunset asks Salesforce until the package is not listed any more, in two readings."
    )
    if not run.bot_removing:
        pressed = tr(
            "`P3f` *Uninstall* was reported as pressed. Salesforce takes a while, and mails "
            "whoever pressed it."
        )
        stays = tr("Cancelling the run does not stop an uninstall that was pressed.")
        return list(packed([pressed, watched, stays]))
    begun = tr(
        "Sunset removes the package through the Metadata API (attempt {attempt}).",
        attempt=run.bot_removal,
    )
    moving = progress(run, tr, made) if made is not None else []
    return [*packed([begun, *_rehearsal(run, tr), watched]), *moving]


def _rehearsal(run: Run, tr: Translator) -> list[str]:
    """Say how the rehearsal ended, and whether cancelling still stops the removal."""
    still = tr(
        "Until the deployment has begun, cancelling the run stops the removal; after that it does "
        "not."
    )
    too_late = tr(
        "⚠️ *It cannot be stopped any more:* the deployment has begun, and cancelling the run does "
        "not stop it."
    )
    end = still if run.deploying is None else too_late
    match run.rehearsal:
        case "passed":
            passed = tr(
                "The rehearsal passed. A rehearsal is no proof: Salesforce may still refuse."
            )
            return [passed, end]
        case "not_possible":
            return [tr("Salesforce could not rehearse it; it is done without."), end]
        case _:
            rehearses = tr(
                "First Salesforce is asked to rehearse it (a check-only deployment, which deletes "
                "nothing)."
            )
            return [rehearses, still]
