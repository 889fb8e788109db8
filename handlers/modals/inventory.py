"""The inventory of the package (P3c): what would be deleted for good, in pages."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.views import View

from handlers.actions import Modal
from handlers.i18n import Translator
from handlers.modals import parts
from handlers.payload import Metadata
from handlers.views import words
from handlers.views.parts import code, outside
from workflows.run import Run
from workflows.values import CustomObject, Inventory

PER_PAGE = 50


def inventory(run: Run, metadata: Metadata, tr: Translator) -> View:
    """Show every component and custom object, and what blocks the uninstall."""
    found = run.inventory or (run.plan.inventory if run.plan else None)
    lines = [tr("There is no list: the package was not found, or is still being read.")]
    if found is not None:
        lines = _lines(found, tr)
    if run.inventory is not None:
        lines.insert(2, tr("The whole list is a file in the run's thread."))
    title = tr("What is deleted (P3c)")
    return parts.paged_lines(tr, Modal.INVENTORY, title, lines, metadata=metadata, size=PER_PAGE)


def _lines(found: Inventory, tr: Translator) -> list[str]:
    lines = [
        package_line(found, tr),
        tr("Everything listed here is deleted for good, with what hangs on it."),
        *incomplete(found, tr),
    ]
    for sure, heading in (
        (True, tr("*Blocks the uninstall*")),
        (False, tr("*May block, or go with the package by itself:*")),
    ):
        blockers = [item for item in found.blockers if item.sure is sure]
        if blockers:
            lines.append(heading)
            lines += [f"• {line}" for line in words.blockers(blockers, tr, found)]
    if found.objects:
        lines.append(tr("*Custom objects and their records*"))
        lines += [f"• {_object(item, tr)}" for item in found.objects]
    lines += _held(tr("*Permission sets, and who has them*"), found.permission_sets)
    lines += _held(tr("*Folders, and what lies in them*"), found.folders)
    lines.append(f"*{words.components(found, tr)}*")
    lines += [f"• {outside(part.type, 80)} {code(part.name)}" for part in found.components]
    return lines


def _object(item: CustomObject, tr: Translator) -> str:
    line = f"{code(item.name)}: {words.records(item, tr)}"
    if not item.fields:
        return line
    fields = tr.plural("{count} field", "{count} fields", len(item.fields))
    return f"{line}, {fields}: {', '.join(code(name) for name in item.fields)}"


def _held(heading: str, held: Mapping[str, tuple[str, ...]]) -> list[str]:
    """List what stands under each name; nobody and nothing is said too."""
    if not held:
        return []
    rows = [
        f"• {outside(name, 120)}: {', '.join(outside(one, 80) for one in sorted(some)) or '–'}"
        for name, some in sorted(held.items())
    ]
    return [heading, *rows]


def package_line(found: Inventory, tr: Translator) -> str:
    """Name the package with its version, and the kind of org it is in."""
    org = tr("sandbox org") if found.org_is_sandbox else tr("production org")
    return tr(
        "*{name} {version}* ({namespace}) in Salesforce, {org} {id}",
        name=outside(found.package.name),
        version=outside(found.package.version),
        namespace=outside(found.package.namespace),
        org=org,
        id=outside(found.org_id),
    )


def incomplete(found: Inventory, tr: Translator) -> list[str]:
    """Say what could not be read."""
    return [
        tr("⚠️ Not complete: {what}", what=outside(tr.text(text, escape=False), 400))
        for text in found.incomplete
    ]
