"""The modals for handing over and for cancelling."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import Metadata
from handlers.views import words
from handlers.views.parts import mention, people, section
from workflows.rules.control import what_stays
from workflows.run import Run

TO, REASON = "to", "reason"
REASON_MOST = 2_000
_REMOVAL = frozenset({"package_removed", "removal_begun"})


def hand_over(
    run: Run, administrators: Sequence[str], metadata: Metadata, tr: Translator, notice: str = ""
) -> View:
    """Ask who is responsible from now on."""
    others = [person for person in administrators if person != run.responsible]
    said = tr("Responsible now: {person}.", person=mention(run.responsible))
    if others:
        said += " " + tr("Can take over: {people}.", people=people(others, tr))
    blocks = [
        section(said),
        parts.user(
            tr,
            TO,
            tr("Who is responsible from now on?"),
            hint=tr("Who is or was responsible can no longer approve in this run."),
        ),
    ]
    return parts.form(
        tr,
        Modal.HAND_OVER,
        tr("Hand over"),
        blocks,
        submit=tr("Hand over"),
        metadata=metadata,
        notice=notice,
    )


def cancel(run: Run, metadata: Metadata, tr: Translator, notice: str = "") -> View:
    """Ask for the reason, saying first what stays as it is for good."""
    blocks = [
        parts.alert(_what_stays(run, tr), "warning" if what_stays(run) else "info"),
        parts.text_input(REASON, tr("Reason"), REASON_MOST, multiline=True, optional=True),
    ]
    return parts.form(
        tr,
        Modal.CANCEL,
        tr("Cancel the run"),
        blocks,
        submit=tr("End this run"),
        close=tr("Keep it running"),
        metadata=metadata,
        notice=notice,
    )


def _what_stays(run: Run, tr: Translator) -> str:
    codes = what_stays(run)
    if not codes:
        lines = [tr("The run ends here. So far nothing was done that cannot be undone.")]
        return "\n".join([*lines, *_package_lines(run, tr)])
    lines = []
    if run.deadline is not None:
        when = tr.moment(run.deadline)
        lines.append(tr("Nobody is reminded any more that the copy is gone {when}.", when=when))
    lines.append(tr("The run ends here. This stays done, and cannot be undone:"))
    lines += [f"• {words.irreversible(code, tr)}" for code in codes]
    return "\n".join([*lines, *_package_lines(run, tr)])


def _package_lines(run: Run, tr: Translator) -> list[str]:
    """Say what becomes of the package and its backup when the run ends now."""
    lines = []
    if run.bot_removing and run.deploying is None:
        lines.append(
            tr(
                "The deployment that removes the package has not begun. Until it has, ending the "
                "run stops it; after that it does not."
            )
        )
    elif run.inventory is not None and _REMOVAL.isdisjoint(what_stays(run)):
        lines.append(tr("The package stays installed; nothing of it was deleted."))
    if run.backing_up is not None:
        lines.append(tr("The backup that is being made is stopped; it is not complete."))
    return lines
