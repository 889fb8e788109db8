"""What has changed since something was asked before, in words: for the message that asks again."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.i18n import Translator
from handlers.views import words
from handlers.views.parts import listing, outside
from workflows.changes import Change, plan_changes, removal_changes
from workflows.run import Run
from workflows.text import N_, Text

MOST = 12
"""Changes that are named; of more, how many there are."""
NAME = 120

_CAME: dict[str, Text] = {
    "deactivated": N_("Deactivated in HubSpot now: {name}"),
    "component": N_("New in the package: {name}"),
    "blocker": N_("Refers to the package now: {name}"),
    "assigned": N_("Permission set assigned now: {name}"),
    "in_folder": N_("New in the package's folders: {name}"),
}
_WENT: dict[str, Text] = {
    "deactivated": N_("No longer deactivated in HubSpot: {name}"),
    "component": N_("No longer in the package: {name}"),
    "blocker": N_("No longer refers to the package: {name}"),
    "assigned": N_("Permission set assigned no longer: {name}"),
    "in_folder": N_("No longer in the package's folders: {name}"),
}
_FROM_TO: dict[str, Text] = {
    "account": N_("HubSpot account: {was} before, {now} now"),
    "package": N_("Package: {was} before, {now} now"),
    "version": N_("Version of the package: {was} before, {now} now"),
    "org": N_("Salesforce org: {was} before, {now} now"),
}


def since_plan(run: Run, tr: Translator) -> list[str]:
    """Say what the plan made anew finds different; nothing where it is the first."""
    if run.plan_before is None or run.plan is None:
        return []
    return _told(plan_changes(run.plan_before, run.plan), run, tr)


def since_removal(run: Run, tr: Translator) -> list[str]:
    """Say what is different from the removal that was asked about before, if one was."""
    now = run.asked_removal
    if run.removal_before is None or now is None:
        return []
    return _told(removal_changes(run.removal_before, now), run, tr)


def _told(found: Sequence[Change], run: Run, tr: Translator) -> list[str]:
    if not found:
        return [tr("🔁 *Asked again:* nothing that is listed here has changed.")]
    heading = tr.plural(
        "🔁 *Asked again, because something has changed* ({count} difference):",
        "🔁 *Asked again, because something has changed* ({count} differences):",
        len(found),
    )
    return [heading, *listing([change(one, run, tr) for one in found], tr, most=MOST)]


def change(one: Change, run: Run, tr: Translator) -> str:
    """Say one difference in a line."""
    name = outside(one.name, NAME)
    match one.what:
        case "rights":
            return tr("What HubSpot says about the requester's rights has changed.")
        case "owner" | "records" | "object" | "installed":
            return _counted(one, name, run, tr)
        case "copy" | "backup" | "waiver":
            return _choice(one, tr)
        case "account" | "package" | "version" | "org":
            ends = {"was": str(one.was)[:NAME], "now": str(one.now)[:NAME]}
            return tr.text(_FROM_TO[one.what].model_copy(update={"args": ends}))
        case _:
            said = _WENT if one.now is None else _CAME
            return tr.text(said[one.what].model_copy(update={"args": {"name": one.name[:NAME]}}))


def _counted(one: Change, name: str, run: Run, tr: Translator) -> str:
    """Say a difference in what is counted, or whether it is there at all."""
    match one.what:
        case "owner" if one.was is None:
            return tr(
                "New Salesforce-only owner: {name}, records: {now}",
                name=name,
                now=_end(one.now, tr),
            )
        case "owner":
            return tr("No Salesforce-only owner any more: {name}", name=name)
        case "records":
            kind = words.object_type(one.part, tr, words.labels(run))
            name = f"{name}, {kind}"
        case "installed" if one.now is None:
            return tr("The package is no longer installed in Salesforce.")
        case "installed":
            return tr("The package is installed in Salesforce now.")
        case _ if one.was is None:
            return tr("New custom object: {name}", name=name)
        case _ if one.now is None:
            return tr("No custom object any more: {name}", name=name)
    was, now = _end(one.was, tr), _end(one.now, tr)
    return tr("{name}: {was} before, {now} now", name=name, was=was, now=now)


def _end(number: int | str | None, tr: Translator) -> str:
    return tr.number(number) if isinstance(number, int) else tr("not counted")


def _choice(one: Change, tr: Translator) -> str:
    """Say a difference in what was decided about the data."""
    match one.what, one.now:
        case "copy", "yes":
            return tr("A copy is saved now; before, none was to be.")
        case "copy", _:
            return tr("No copy is saved now; before, one was to be.")
        case "backup", None:
            return tr("There is no current backup any more.")
        case "backup", _:
            return tr("There is another backup.")
        case "waiver", None:
            return tr("The backup is not waived any more.")
        case _:
            return tr("The backup is waived now.")
