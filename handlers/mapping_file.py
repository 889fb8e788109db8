"""The mapping as a CSV file: made for download, and read back whole or not at all (P2b).

One row for each Salesforce-only owner. What a person fills in is the column ``new_owner``: an
e-mail or HubSpot owner id; several, separated by `;`, get the records in turn; `contacts=…` gives
one object type to somebody else. Left empty, an owner's choice stays as it is. All other columns
are for reading only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from handlers import tables
from handlers.i18n import Translator
from handlers.ports import Owners
from handlers.views import words
from workflows.errors import SunsetError
from workflows.run import Run
from workflows.text import N_, Text
from workflows.values import Assignment, OwnedRecords, Owner

MOST_BYTES = 1_000_000
MOST_ROWS = 10_000
MOST_OWNERS = 100_000
MOST_TARGETS = 50
"""Who get one owner's records in turn: as many as the modal takes and can show again."""
OWNER, NEW = "owner_id", "new_owner"
_SEVERAL = ";"
_LEAVE_OUT = frozenset({"-", "–", "—", "exclude", "excluded", "none", "skip"})
_WHOLE = re.compile(r"([0-9]+)(?:[.,]0+)?")
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+")
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?e\+?[0-9]+", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """What is wrong in a file: the row as a spreadsheet numbers it (0: the file), the column."""

    row: int
    column: str
    text: Text


class FileRefused(SunsetError):
    """A file that is not taken in; ``faults`` names everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "mapping_file_refused",
            N_("The file was not taken in; nothing was changed."),
            N_("Put right what is named, then upload it again."),
        )
        self.faults = tuple(faults)


# --- made ----------------------------------------------------------------------------------------


def made(run: Run, tr: Translator) -> bytes:
    """Make the file of a run's owners, to be filled in."""
    labels = words.labels(run)
    counted = (kind for owned in run.candidates for kind in (*owned.counts, *owned.other_counts))
    kinds = words.ordered([*run.objects, *counted])
    header = [OWNER, "owner", "e_mail", "kind", "reason"]
    header += [_column(kind, labels) for kind in kinds]
    header += ["suggestion", "suggestion_reason", "chosen", NEW]
    rows = (_row(owned, run.mapping.get(owned.owner.id), kinds, tr) for owned in run.candidates)
    return tables.encoded(_chain(header, rows), tables.delimiter_for(tr.language))


def _chain(
    header: Sequence[str | int], rows: Iterator[Sequence[str | int]]
) -> Iterator[Sequence[str | int]]:
    yield header
    yield from rows


def _column(kind: str, labels: Mapping[str, str]) -> str:
    """Name the column of an object type; a label alone might be another column's name."""
    return f"{labels[kind]} ({kind})" if labels.get(kind) else kind


def _row(
    owned: OwnedRecords, given: Assignment | None, kinds: Sequence[str], tr: Translator
) -> list[str | int]:
    numbers = {**owned.other_counts, **owned.counts}
    found = owned.suggestion
    return [
        owned.owner.id,
        owned.owner.name,
        owned.owner.email,
        tr("queue") if owned.why == "queue" else tr("person"),
        words.why(owned, tr),
        *(numbers.get(kind, 0) for kind in kinds),
        _address(found.target) if found else "",
        words.suggestion_reason(found, tr) if found else "",
        notation(given) if given else "",
        "",
    ]


def notation(given: Assignment) -> str:
    """Write an assignment as it would stand in ``new_owner``."""
    kinds = [f"{kind}={_address(given.kinds[kind])}" for kind in words.ordered(given.kinds)]
    return f"{_SEVERAL} ".join([*map(_address, given.targets), *kinds])


def _address(owner: Owner) -> str:
    return owner.email or owner.id


# --- read ----------------------------------------------------------------------------------------


def read(data: bytes, run: Run, owners: Owners) -> dict[str, Assignment]:
    """Return what a filled-in file chooses: Salesforce-only owner id -> assignment.

    Raises:
        FileRefused: something is wrong with it; everything that is wrong is named.
    """
    if len(data) > MOST_BYTES:
        raise FileRefused([Fault(0, "", too_large())])
    try:
        table = tables.parsed(data, (OWNER, NEW), MOST_ROWS)
    except tables.NotATable as error:
        raise FileRefused([Fault(error.row, "", error.text)]) from None
    reading = _Reading(run, _Directory(run, owners))
    for number, row in table.rows:
        reading.take(number, table.header, row)
    if not reading.faults and not reading.chosen:
        text = N_("No row has a new owner. Fill in the column {column}.", column=NEW)
        raise FileRefused([Fault(0, "", text)])
    if reading.faults:
        raise FileRefused(reading.faults)
    return {owner_id: given for owner_id, (_, given) in reading.chosen.items()}


def too_large() -> Text:
    """Say how large a file may be."""
    return N_(
        "The file is larger than {most} bytes. Upload the list that you downloaded, or split it.",
        most=MOST_BYTES,
    )


class _Wrong(ValueError):
    """What is wrong with a cell."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


class _Reading:
    """What was read so far, and everything that is wrong."""

    def __init__(self, run: Run, directory: _Directory) -> None:
        self._owners = frozenset(owned.owner.id for owned in run.owners)
        self._excluded = frozenset(run.excluded)
        self._directory = directory
        self._kinds = _kind_names(run)
        self.chosen: dict[str, tuple[int, Assignment]] = {}
        self.faults: list[Fault] = []

    def take(self, number: int, header: Sequence[str], row: Sequence[str]) -> None:
        """Take a row in."""
        cells = dict(zip(header, row, strict=False))
        if any(cell.strip() for cell in row[len(header) :]):
            text = N_("The row has more cells than the first one. Put several owners into quotes.")
            self.faults.append(Fault(number, NEW, text))
            return
        filled = tables.bare(cells.get(NEW, ""))
        if not filled:
            return
        owner_id = given = None
        try:
            owner_id = self._old(tables.bare(cells.get(OWNER, "")))
        except _Wrong as wrong:
            self.faults.append(Fault(number, OWNER, wrong.text))
        try:
            given = self._assignment(filled)
            if owner_id is not None:
                self._keep(number, owner_id, given)
        except _Wrong as wrong:
            self.faults.append(Fault(number, NEW, wrong.text))

    def _keep(self, number: int, owner_id: str, given: Assignment) -> None:
        before = self.chosen.setdefault(owner_id, (number, given))
        if before[1] != given:
            raise _Wrong(
                N_(
                    "The owner {id} has another new owner in row {row}. Keep one of the two rows.",
                    id=owner_id,
                    row=before[0],
                )
            )

    def _old(self, cell: str) -> str:
        if not cell:
            raise _Wrong(N_("The id is missing. Download the list anew and fill that file in."))
        if _SHORTENED.fullmatch(cell):
            raise _Wrong(_shortened(cell))
        whole = _WHOLE.fullmatch(cell)
        owner_id = whole[1] if whole and cell not in self._owners else cell
        if owner_id not in self._owners:
            raise _Wrong(
                N_(
                    "{id} is not among the Salesforce-only owners of this run. Download the list "
                    "anew.",
                    id=cell,
                )
            )
        if owner_id in self._excluded:
            raise _Wrong(
                N_(
                    "The owner {id} was excluded. Take that back first, or leave the cell empty.",
                    id=owner_id,
                )
            )
        return owner_id

    def _assignment(self, cell: str) -> Assignment:
        if cell.casefold() in _LEAVE_OUT:
            raise _Wrong(
                N_(
                    "An owner is excluded by the button in “Choose owners…”, not in the file. "
                    "Leave the cell empty to change nothing."
                )
            )
        targets: dict[str, Owner] = {}
        kinds: dict[str, Owner] = {}
        for part in re.split(r"[;\n]", cell):
            if not part.strip():
                continue
            name, equals, address = part.partition("=")
            if equals and name.strip():
                self._kind(kinds, name.strip(), address)
                continue
            target = self._directory.find(tables.bare(part))
            if target.id in targets:
                raise _Wrong(N_("{name} is named twice. Name everybody once.", name=target.label))
            if len(targets) == MOST_TARGETS:
                raise _Wrong(
                    N_("More than {most} owners are named. Leave some out.", most=MOST_TARGETS)
                )
            targets[target.id] = target
        if not targets:
            raise _Wrong(
                N_(
                    "It is not said who gets all other records. Add an owner without an object "
                    "type, as in “{example}”.",
                    example="ann@example.com; contacts=ben@example.com",
                )
            )
        return Assignment(targets=tuple(targets.values()), kinds=kinds)

    def _kind(self, kinds: dict[str, Owner], name: str, address: str) -> None:
        kind = self._kinds.get(name.casefold())
        if kind is None:
            known = ", ".join(words.ordered(set(self._kinds.values())))
            raise _Wrong(
                N_(
                    "Records of the type {name} are not reassigned. Write one of: {known}; or "
                    "choose the type first, with “Other object types…”.",
                    name=name,
                    known=known,
                )
            )
        if kind in kinds:
            raise _Wrong(N_("{name} is given to two owners. Name one.", name=name))
        kinds[kind] = self._directory.find(tables.bare(address))


def _kind_names(run: Run) -> dict[str, str]:
    """Return what the chosen object types may be called: name or label -> type."""
    labels = words.labels(run)
    called = {labels[kind].casefold(): kind for kind in run.objects if labels.get(kind)}
    return called | {kind.casefold(): kind for kind in run.objects}


class _Directory:
    """Who may get records, by e-mail and id; and why somebody else may not."""

    def __init__(self, run: Run, owners: Owners) -> None:
        self._owners = owners
        self._alone = _names(owned.owner for owned in run.candidates)
        self._deactivated = _names(run.plan.deactivated if run.plan else ())
        self._by_email: dict[str, list[Owner]] = {}
        for owner in owners.search("", MOST_OWNERS):
            if owner.email:
                self._by_email.setdefault(owner.email.casefold(), []).append(owner)

    def find(self, address: str) -> Owner:
        """Return the active HubSpot owner with this e-mail or id, or say what is wrong."""
        found = self._by_email.get(address.casefold(), [])
        whole = _WHOLE.fullmatch(address)
        if not found and whole is not None:
            found = [one for one in [self._owners.get(whole[1])] if one is not None]
        if len(found) > 1:
            ids = ", ".join(sorted(owner.id for owner in found))
            raise _Wrong(
                N_(
                    "Several HubSpot owners have the e-mail {email}. Write one of their ids: {ids}",
                    email=address,
                    ids=ids,
                )
            )
        if not found or found[0].id in self._alone:
            raise _Wrong(self._why_not(address, whole[1] if whole else address))
        return found[0]

    def _why_not(self, address: str, owner_id: str) -> Text:
        names = {owner_id, address.casefold()}
        if not address:
            return N_("An owner is missing after the sign =. Write an e-mail or HubSpot owner id.")
        if names & self._alone:
            return N_(
                "{owner} exists in Salesforce alone. Choose an owner who is an active HubSpot "
                "user.",
                owner=address,
            )
        if names & self._deactivated:
            return N_("{owner} is deactivated in HubSpot. Choose an active one.", owner=address)
        if _SHORTENED.fullmatch(address):
            return _shortened(address)
        if address.startswith(tables.FORMULA):
            return N_("The cell holds a formula. Write an e-mail or HubSpot owner id instead.")
        if _EMAIL.fullmatch(address) or owner_id.isdigit():
            return N_(
                "{owner} is no active HubSpot owner. Check the spelling, or choose another one.",
                owner=address,
            )
        return N_(
            "{owner} is neither an e-mail nor a HubSpot owner id. Separate several with a "
            "semicolon.",
            owner=address,
        )


def _names(owners: Iterable[Owner]) -> frozenset[str]:
    """Return what owners may be called: their ids and e-mails."""
    return frozenset(
        name for owner in owners for name in (owner.id, owner.email.casefold()) if name
    )


def _shortened(cell: str) -> Text:
    return N_(
        "A spreadsheet has shortened the number to {cell}. Format the column as text, and copy "
        "the id anew.",
        cell=cell,
    )
