"""One sentence for each event of the package (P3), for :mod:`handlers.views.describe`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from handlers.i18n import Translator
from handlers.views import backup, words
from handlers.views.parts import code, outside
from workflows import events as e

LONG = 2_500
"""Characters of a text from outside: room for a whole reason, and still within a section."""
WORDS = 1_000
"""Characters of Salesforce's own words."""


def _inventory(event: e.InventoryRecorded, tr: Translator) -> str:
    package = event.inventory.package
    return tr(
        "The package was read: {name} {version}, {components} ({digest}).",
        name=outside(package.name, 120),
        version=outside(package.version, 60),
        components=words.components(event.inventory, tr),
        digest=words.short(event.digest),
    )


def _no_copy(event: e.NoCopyProposed, tr: Translator) -> str:
    said = tr("Chosen: do not save a copy of the package's data; this is asked once more.")
    return _with_own_backup(said, event.own_backup, tr)


def _chosen(event: e.DataCopyChosen, tr: Translator) -> str:
    digest = words.short(event.digest)
    if event.keep:
        said = tr(
            "Chosen: save a copy of the package's data for 48 hours ({digest}).", digest=digest
        )
    else:
        said = tr("Confirmed: do not save a copy of the package's data ({digest}).", digest=digest)
    return _with_own_backup(said, event.own_backup, tr)


def _with_own_backup(said: str, exists: bool, tr: Translator) -> str:
    """Add what people said in older histories."""
    own = tr("An own backup was said to exist.")
    return f"{said} {own}" if exists else said


def _reread(event: e.InventoryReread, tr: Translator) -> str:
    return tr.plural(
        "Read once more: the package is unchanged; {count} thing is found that may block it.",
        "Read once more: the package is unchanged; {count} things are found that may block it.",
        len(event.inventory.blockers),
    )


def _deployed(event: e.RemovalDeployed, tr: Translator) -> str:
    return tr(
        "Salesforce says that the removal succeeded (deployment {id}). The proof is the package's "
        "absence, in two readings.",
        id=outside(event.reference, 40),
    )


def _started(event: e.BackupStarted, tr: Translator) -> str:
    return tr(
        "Sunset backs the package's data up (backup {number}, of the package as listed in "
        "{digest}).",
        number=event.number,
        digest=words.short(event.of),
    )


def _verified(event: e.BackupVerified, tr: Translator) -> str:
    made = event.backup
    said = tr(
        "Verified: backup {number} holds {counts}. SHA-256 of its manifest: {sha256}. It lies in "
        "{directory}.",
        number=event.number,
        counts=backup.counts(made, tr),
        sha256=code(made.manifest_sha256, 64),
        directory=code(made.directory, backup.PATH),
    )
    if made.gap_count:
        said += " " + tr(
            "Not in it: {count}, of which {hidden} keep data of the package out of it.",
            count=tr.number(made.gap_count),
            hidden=tr.number(made.hidden),
        )
    says = words.reading(event.reading, tr, 300)
    return said + " " + tr("Reading: {says}", says=says)


def _waived(event: e.BackupWaived, tr: Translator) -> str:
    return tr(
        "Waived the backup of the package as listed in {digest}. Reason: {reason}",
        digest=words.short(event.of),
        reason=outside(event.reason, LONG),
    )


def _outdated(event: e.BackupOutdated, tr: Translator) -> str:
    return tr.plural(
        "{count} record was written in Salesforce after the backup was made; it does not count any "
        "more.",
        "{count} records were written in Salesforce after the backup was made; it does not count "
        "any more.",
        event.changed,
    )


def _consent(event: e.ConsentGiven, tr: Translator) -> str:
    return tr("Gave the consent to delete for good {digest}.", digest=words.short(event.digest))


def _reconfirmed(event: e.InventoryReconfirmed, tr: Translator) -> str:
    digest = words.short(event.digest)
    return tr("Read again: the package is what was approved ({digest}).", digest=digest)


def _changed(event: e.InventoryChanged, tr: Translator) -> str:
    numbers = {"added": tr.number(len(event.added)), "removed": tr.number(len(event.removed))}
    if not event.digest:
        return tr(
            "The package is not what was approved ({added} added, {removed} gone); the choice "
            "about the copy is open again.",
            **numbers,
        )
    return tr(
        "The package is not what was approved ({added} added, {removed} gone); "
        "it has to be approved again ({digest}).",
        digest=words.short(event.digest),
        **numbers,
    )


def _bot_removal(event: e.BotRemovalStarted, tr: Translator) -> str:
    return tr(
        "Sunset removes the package through the Metadata API (attempt {attempt}).",
        attempt=event.attempt,
    )


def _deploying(event: e.RemovalDeploying, tr: Translator) -> str:
    return tr(
        "The deployment that removes the package leaves now (attempt {attempt}); from here on it "
        "cannot be stopped.",
        attempt=event.attempt,
    )


def _held(event: e.RemovalHeld, tr: Translator) -> str:
    return tr("No deployment came of attempt {attempt}.", attempt=event.attempt)


def _rehearsed(event: e.RemovalRehearsed, tr: Translator) -> str:
    if event.outcome == "passed":
        return tr("The removal was rehearsed, and Salesforce named nothing against it.")
    return tr(
        "The removal could not be rehearsed. Salesforce says: {why}",
        why=outside(event.why, WORDS) or "–",
    )


def _stalled(event: e.RemovalStalled, tr: Translator) -> str:
    if not event.blockers:
        return tr("The package is still installed; no blocker was found.")
    return tr.plural(
        "The package is still installed; {count} blocker is known.",
        "The package is still installed; {count} blockers are known.",
        len(event.blockers),
    )


def _failed(event: e.RemovalFailed, tr: Translator) -> str:
    if event.rehearsal:
        return tr.plural(
            "The rehearsal failed, Salesforce naming {count} problem; nothing was deployed and "
            "nothing was deleted.",
            "The rehearsal failed, Salesforce naming {count} problems; nothing was deployed and "
            "nothing was deleted.",
            len(event.problems),
        )
    return tr.plural(
        "Salesforce refused the removal, naming {count} problem; nothing was changed.",
        "Salesforce refused the removal, naming {count} problems; nothing was changed.",
        len(event.problems),
    )


def _removed(event: e.PackageRemoved, tr: Translator) -> str:
    says = words.reading(event.reading, tr, LONG)
    gone = tr("Verified: the package is gone. Reading: {says}", says=says)
    if event.deadline is None:
        return gone
    until = tr("The data copy can be downloaded until {when}.", when=tr.moment(event.deadline))
    return f"{gone}. {until}"


SAID: Mapping[type[e.Event], Callable[[Any, Translator], str]] = {
    e.InventoryRecorded: _inventory,
    e.NoCopyProposed: _no_copy,
    e.DataCopyChosen: _chosen,
    e.BackupStarted: _started,
    e.BackupVerified: _verified,
    e.BackupWaived: _waived,
    e.BackupOutdated: _outdated,
    e.ConsentGiven: _consent,
    e.InventoryReconfirmed: _reconfirmed,
    e.InventoryReread: _reread,
    e.InventoryChanged: _changed,
    e.BotRemovalStarted: _bot_removal,
    e.RemovalRehearsed: _rehearsed,
    e.RemovalDeploying: _deploying,
    e.RemovalHeld: _held,
    e.RemovalDeployed: _deployed,
    e.RemovalStalled: _stalled,
    e.RemovalFailed: _failed,
    e.PackageRemoved: _removed,
}
