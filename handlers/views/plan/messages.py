"""The messages of a plan report: while it is made, the essentials, the details, and its failure."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.actions import COMMAND
from handlers.i18n import Translator
from handlers.views import words
from handlers.views.messages.approval import to_reassign
from handlers.views.messages.mapping import candidate_lines, deactivated_lines
from handlers.views.parts import (
    Message,
    bar,
    clip,
    context,
    divider,
    header,
    message,
    outside,
    section,
)
from handlers.views.parts import sections as packed
from handlers.views.plan import sections
from handlers.views.plan.findings import Findings
from handlers.views.plan.looks import ORDER, Look, What
from workflows.errors import SunsetError
from workflows.text import N_, Text

_LOOKS: Mapping[What, Text] = {
    "account": N_("the HubSpot account"),
    "owners": N_("which owners exist in Salesforce alone"),
    "records": N_("the records of these owners"),
    "suggestions": N_("who could get their records"),
    "package": N_("the package in Salesforce"),
    "costs": N_("what it costs"),
}


def making(look: Look | None, tr: Translator, *, again: bool = False) -> Message:
    """Show how far the report is; *again*: it was interrupted, and begins anew."""
    text = tr("The plan report is being made; nothing is changed by it.")
    lines = [f"⏳ {text}"]
    if again:
        lines.append(tr("Sunset was restarted in between, so it looks at everything anew."))
    if look is None:
        lines.append(tr("It begins as soon as another report is finished."))
    else:
        part = ORDER.index(look.what) + 1
        told = tr(
            "Part {part} of {parts}: {what}", part=part, parts=len(ORDER), what=_what(look, tr)
        )
        lines.append(f"`{bar(part - 1, len(ORDER))}`\n{told}")
    return message(text, *packed(lines))


def _what(look: Look, tr: Translator) -> str:
    said = tr.text(_LOOKS[look.what])
    if not look.kind:
        return said
    return tr(
        "{what}: {type} (type {number} of {types})",
        what=said,
        type=words.object_type(look.kind, tr),
        number=look.number,
        types=look.types,
    )


def essentials(found: Findings, tr: Translator) -> Message:
    """Show the report's essentials, in one screen of a phone."""
    plan = found.plan
    portal = outside(plan.account.portal_id, 40)
    title = tr("Plan report for HubSpot account {portal}", portal=portal)
    lines = [
        to_reassign(plan, tr),
        sections.package(found, tr),
        _hindered(found, tr),
        sections.cost(found, tr),
        sections.approval(found, tr),
    ]
    return message(
        tr("{title}: {summary}", title=title, summary=" ".join(lines)),
        header(title),
        context(
            tr(
                "Read {when}. Nothing was changed, and nothing begins.",
                when=tr.moment(plan.taken_at),
            )
        ),
        *packed(lines),
        context(
            tr(
                "Details are in this message's thread; the picture and all the data follow below. "
                "With {command} you start an uninstall. Nothing is changed before it is approved.",
                command=f"`{COMMAND}`",
            )
        ),
    )


def _hindered(found: Findings, tr: Translator) -> str:
    count = len(sections.hindrances(found, tr))
    if not count:
        return tr("*What blocks:* ✅ nothing was found")
    return tr.plural(
        "*What blocks:* ⛔ {count} thing, with what to do in the thread",
        "*What blocks:* ⛔ {count} things, with what to do in the thread",
        count,
    )


def details(found: Findings, tr: Translator) -> Message:
    """Show what blocks, what the package holds, what it costs, and who can approve."""
    plan = found.plan
    text = tr("The plan report in detail")
    groups = [
        sections.blocking(found, tr),
        sections.contents(found, tr),
        sections.costing(found, tr),
        sections.approving(found, tr),
        [*candidate_lines(plan.owners, tr), *deactivated_lines(plan.deactivated, tr)],
    ]
    blocks = [block for lines in groups if lines for block in (*packed(lines), divider())]
    return message(text, header(text), *blocks[:-1])


def above_files(found: Findings, tr: Translator) -> str:
    """Say what the files are."""
    text = tr("The records of each Salesforce-only owner as a picture, and all the data:")
    names = [
        tr("`…-owners.csv` lists the owners with their records,"),
        tr("`…-package.csv` what the package holds and what blocks its uninstall,"),
        tr("`…json` is everything in one file, for programs."),
    ]
    if found.plan.inventory is None:
        del names[1]
    return "\n".join([text, *names])


def failed(error: SunsetError, tr: Translator) -> Message:
    """Say that the report could not be made, why, and what to do."""
    problem, remedy = clip(tr.text(error.problem), 1_200), clip(tr.text(error.remedy), 1_200)
    title = tr("The plan report could not be made. Nothing was changed.")
    lines = [
        f"⛔ *{title}*",
        problem,
        tr("*What to do:* {remedy}", remedy=remedy),
        tr("Then ask for it again: {command}", command=f"`{COMMAND} plan`"),
    ]
    if error.reference:
        lines.append(tr("Reference: {reference}", reference=outside(error.reference, 120)))
    return message(f"{title} {problem}", section("\n".join(lines)))


def without_files(error: SunsetError, tr: Translator) -> Message:
    """Say that the picture and the data could not be added, why, and what to do."""
    text = tr("The picture and the data could not be added to this report.")
    lines = [
        f"⚠️ *{text}*",
        clip(tr.text(error.problem), 1_200),
        tr("*What to do:* {remedy}", remedy=clip(tr.text(error.remedy), 1_200)),
    ]
    return message(text, section("\n".join(lines)))


def interrupted(tr: Translator) -> Message:
    """Say that a report was interrupted too long ago to be gone on with."""
    text = tr(
        "The plan report was interrupted because Sunset was not running. Nothing was changed. Ask "
        "for it again if you still need it: {command}",
        command=f"`{COMMAND} plan`",
    )
    return message(text, section(f"⚠️ {text}"))
