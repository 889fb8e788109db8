"""The backup of the package's data and its waiver, in words: what, where, how far to be trusted."""

from __future__ import annotations

from babel.units import format_unit

from handlers.i18n import Translator
from handlers.views import words
from handlers.views.parts import clip, code, listing, mention, outside
from workflows.run import Run
from workflows.values import Backup, Waiver

PATH = 300
"""Characters of a directory."""
GAP, GAPS = 300, 6
"""Characters of what is not in a backup, and how many are told; its README names them all."""
REASON = 1_000
"""Characters of the reason for a waiver; the whole of it is in the record."""
_UNITS = ("kilobyte", "megabyte", "gigabyte", "terabyte")


def what(tr: Translator) -> str:
    """Say what a backup is, and what it is not."""
    return tr(
        "*A backup by Sunset* holds all records of the package's objects, and the package's fields "
        "on other objects, as CSV files on the machine that Sunset runs on. Attachments and files "
        "are not in it."
    )


def size(number: int, tr: Translator) -> str:
    """Write a number of bytes in the unit that suits it: `41.6 MB`."""
    value, unit = number / 1_000, 0
    while value >= 999.95 and unit + 1 < len(_UNITS):
        value, unit = value / 1_000, unit + 1
    name = f"digital-{_UNITS[unit]}"
    return format_unit(value, name, length="short", format="#,##0.#", locale=tr.language)


def counts(backup: Backup, tr: Translator) -> str:
    """Say how much is in a backup."""
    return tr.plural(
        "{records} in {count} file, {size}",
        "{records} in {count} files, {size}",
        backup.files,
        records=tr.plural("{count} record", "{count} records", backup.rows),
        size=size(backup.bytes, tr),
    )


def standing(run: Run, tr: Translator) -> list[str]:
    """Say how the backup stands, with all that hangs on it, and whether it was waived."""
    backup = run.backup
    if backup is None:
        lines = [tr("*Backup:* none.")]
    elif run.current_backup is None:
        lines = [_outdated(backup, tr)]
    else:
        lines = [_verified(backup, tr), _place(backup, tr), *gap_lines(backup, tr)]
    return lines + _waivers(run, tr)


def brief(run: Run, tr: Translator) -> list[str]:
    """Name the backup, where it lies and its manifest, and the waiver; nothing where none is."""
    backup, lines = run.backup, list[str]()
    if backup is not None:
        current = run.current_backup is not None
        lines = [_verified(backup, tr) if current else _outdated(backup, tr), _place(backup, tr)]
        if current and backup.gap_count:
            lines.append(_not_in_it(backup, tr))
    return lines + _waivers(run, tr)


def _verified(backup: Backup, tr: Translator) -> str:
    told = {"counts": counts(backup, tr), "when": tr.moment(backup.began)}
    if backup.hidden:
        return tr("⚠️ *Backup:* verified, but *not complete*: {counts}, as of {when}.", **told)
    return tr("✅ *Backup:* verified: {counts}, as of {when}.", **told)


def _outdated(backup: Backup, tr: Translator) -> str:
    return tr(
        "⚠️ *Backup:* there is one of {when}, but of an earlier state of the package. It does not "
        "count; the data has to be backed up anew.",
        when=tr.moment(backup.began),
    )


def _place(backup: Backup, tr: Translator) -> str:
    return tr(
        "It lies in {directory}; the manifest's SHA-256 is {digest}",
        directory=code(backup.directory, PATH),
        digest=code(backup.manifest_sha256, 64),
    )


def gap_lines(backup: Backup, tr: Translator) -> list[str]:
    """Name what is not in a backup, first what keeps data of the package out of it."""
    if not backup.gap_count:
        return []
    told = [tr.text(gap) for gap in backup.gaps[:GAPS]]
    marked = [f"⚠️ {one}" if number < backup.hidden else one for number, one in enumerate(told)]
    lines = [_not_in_it(backup, tr), *listing([clip(one, GAP) for one in marked], tr, most=GAPS)]
    more = backup.gap_count - len(told)
    if more > 0:
        lines.append(tr.plural("… and {count} more", "… and {count} more", more))
    if backup.hidden:
        lines.append(
            tr(
                "What is marked ⚠️ keeps data of the package out of the backup. If the bot's "
                "Salesforce user may not read it, grant that in Salesforce and back up anew."
            )
        )
    return lines


def _not_in_it(backup: Backup, tr: Translator) -> str:
    if not backup.hidden:
        return tr("*Not in the backup:* {count}", count=tr.number(backup.gap_count))
    return tr(
        "*Not in the backup:* {count}, of which ⚠️ {hidden} keep data of the package out of it",
        count=tr.number(backup.gap_count),
        hidden=tr.number(backup.hidden),
    )


def _waivers(run: Run, tr: Translator) -> list[str]:
    if run.waiver is None:
        return []
    if run.current_waiver is None:
        return [
            tr(
                "The backup was waived by {who}, {when}, but for an earlier state of the package; "
                "that does not count.",
                who=mention(run.waiver.by),
                when=tr.moment(run.waiver.at),
            )
        ]
    return [_waived(run.waiver, tr)]


def _waived(waiver: Waiver, tr: Translator) -> str:
    return tr(
        "⚠️ *The backup was waived* by {who}, {when}. Reason: {reason}",
        who=mention(waiver.by),
        when=tr.moment(waiver.at),
        reason=outside(waiver.reason, REASON),
    )


def lost_lines(run: Run, tr: Translator) -> list[str]:
    """Say what would be lost without a copy and without a complete backup, by object."""
    objects = run.inventory.objects if run.inventory else ()
    numbers = [f"{code(item.name, 80)}: {words.records(item, tr)}" for item in objects]
    lines = [tr("*What would be lost:*"), *listing(numbers, tr, most=15)]
    if not numbers:
        lines.append(tr("The package has no objects of its own; its fields on others go with it."))
    backup = run.current_backup
    return [*lines, *standing(run, tr)] if backup else [*lines, tr("There is no backup of it.")]
