"""The README of a backup: what it is, and how to read it back in, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from bot.backup.values import BackedUp, Gap, Origin
from workflows.base import Instant


def readme(
    origin: Origin, started: Instant, ended: Instant, files: Iterable[BackedUp], gaps: Iterable[Gap]
) -> str:
    """Return the text, in Markdown."""
    files, gaps = list(files), list(gaps)
    parts = [
        _head(origin, started, ended),
        _contents(files),
        _missing(gaps),
        _back(files),
        _LIMITS,
    ]
    return "\n".join(parts)


def _head(origin: Origin, started: Instant, ended: Instant) -> str:
    kind = "a test org" if origin.org_is_sandbox else "a production org"
    return f"""# Backup of the Salesforce package {origin.namespace}

Made from the Salesforce org {origin.org_id} ({origin.instance}, {kind}), package version
{origin.package_version}, API version {origin.api_version},
between {started:%Y-%m-%d %H:%M:%S} and {ended:%Y-%m-%d %H:%M:%S} UTC.

`manifest.json` names each file with its query, the number of its rows and its SHA-256;
`manifest.json.sha256` is the manifest's own. `sunset backup verify DIRECTORY` checks all of it
without a network. So do these, for a part of it:

    sha256sum --check manifest.json.sha256
    sha256sum *.csv                          # compare with the manifest

The files hold your customers' data. Only their owner may read them; keep it so when you copy them.
"""


def _contents(files: list[BackedUp]) -> str:
    lines = ["## What is in it", ""]
    if not files:
        return "\n".join([*lines, "The package has no records that could be backed up.", ""])
    lines += [
        "| file | what | rows | came, changed, went meanwhile |",
        "| --- | --- | ---: | --- |",
    ]
    lines += [_line(one) for one in files]
    lines += [
        "",
        "Each file is CSV in UTF-8: a heading of API names, every value in quotes, a quote in a",
        "value doubled, lines ended with LF. A value may hold line breaks. An empty value is null.",
        "Dates and times are UTC. Values are as Salesforce sent them: one that begins with `=` is",
        "text here, but a spreadsheet may take it for a formula. Import the columns as text.",
        "",
        "*Meanwhile* is from the query of the file to the count after it: what came or changed",
        "then is not in the file as it is now, and what went is still in it.",
        "",
    ]
    return "\n".join(lines)


def _line(one: BackedUp) -> str:
    what = "all records, all fields" if one.kind == "object" else "the package's fields, by record"
    counted = one.counted
    told = ", ".join(
        "?" if number is None else str(number)
        for number in (counted.created, counted.changed, counted.deleted)
    )
    return f"| `{one.file}` | {what} | {one.rows} | {told} |"


def _missing(gaps: list[Gap]) -> str:
    lines = ["## What is not in it", ""]
    if not gaps:
        lines.append("Nothing was found that had to be left out, but see the limits below.")
    lines += [f"- {gap.text}" for gap in gaps]
    return "\n".join([*lines, ""])


def _back(files: list[BackedUp]) -> str:
    own = {one.object: one for one in files if one.kind == "object"}
    lines = [_BACK]
    if own:
        lines += ["Load the objects in this order, parents first:", ""]
        order, circle = _order(own)
        for number, name in enumerate(order, start=1):
            lookups = [
                f"`{lookup.field}` → {', '.join(lookup.to)}"
                for lookup in own[name].lookups
                if any(target.endswith("__c") for target in lookup.to)
            ]
            lines.append(f"{number}. `{name}`" + (f" ({'; '.join(lookups)})" if lookups else ""))
        lines.append("")
        if circle:
            lines += [
                "Some of them lead to each other in a circle: load these first without the lookups",
                "of the circle, then once more with `Old_Id__c` and the lookups alone.",
                "",
            ]
    standard = [one.object for one in files if one.kind == "fields"]
    if standard:
        lines += [
            f"Fields on {', '.join(f'`{name}`' for name in standard)}: in the same org, *update*",
            "by `Id` with the package's columns alone; in another org, find the records by what",
            "you know of them first (the file has their names).",
            "",
        ]
    return "\n".join(lines)


def _order(own: dict[str, BackedUp]) -> tuple[list[str], bool]:
    """Return the objects with parents before children, and whether there is a circle."""
    parents = {name: set(_parents(one, own)) - {name} for name, one in sorted(own.items())}
    try:
        return list(TopologicalSorter(parents).static_order()), False
    except CycleError:
        return sorted(own), True


def _parents(one: BackedUp, own: dict[str, BackedUp]) -> Iterator[str]:
    for lookup in one.lookups:
        yield from (target for target in lookup.to if target in own)


_BACK = """## How to read it back in

The objects must exist again: install the package, or make objects and fields with the same API
names. Then, with Data Loader or Bulk API 2.0 *ingest* (CSV, LF, comma, UTF-8):

1. On each object make a text field `Old_Id__c`, 18 characters, *unique*, *external id*.
2. Map the column `Id` to `Old_Id__c`. New records get new ids: the old one is how they are found.
3. Leave out what Salesforce writes itself: `CreatedDate`, `CreatedById`, `LastModifiedDate`,
   `LastModifiedById`, `SystemModstamp`, `IsDeleted`, `LastViewedDate`, `LastReferencedDate`,
   formulas, roll-ups and auto-numbers. (*Set Audit Fields upon Record Creation* admits the first
   four.)
4. Map a lookup to the parent's external id: the column becomes `Parent__r.Old_Id__c`.
5. `OwnerId` and other users must exist and be active; map the ids if the org is another.
6. `upsert` by `Old_Id__c`, so that a load that broke off can be repeated without doubling.
7. Count: the manifest says how many rows there should be.
"""

_LIMITS = """## Limits

- The records are those that the bot's Salesforce user may see. Sharing may hide others, of which no
  count tells.
- Objects are taken one after the other: the files are not one moment.
- Records in the recycle bin are not in it; nor are sharing, Chatter, field history, approval
  history, tags, and files, attachments and notes that hang on the records.
- Formulas and roll-ups are in it as values, not as definitions. Rich text refers to its pictures,
  which stay in Salesforce. Neither the package's components nor settings are in it.
- The SHA-256 shows that a file was changed by chance or by somebody who left the manifest alone.
  Who may change all the files can write a manifest that fits: compare its SHA-256 with the one that
  was recorded when the backup was made (`sunset backup verify DIRECTORY --digest SHA256`).
"""
