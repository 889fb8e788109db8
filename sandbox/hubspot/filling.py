"""What an account holds at the beginning: its tables, filled from the scenario by the seed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from random import Random

from sandbox.clock import Clock
from sandbox.hubspot.people import Directory, Share
from sandbox.hubspot.records import FIRST_RECORD_ID, Dirty, Table
from sandbox.hubspot.schema import Schema

_STEP = 7_919
"""A prime, so that neighbouring records are not associated with neighbouring companies."""
_ELSEWHERE = 4
"""One of so many records of an owner with `companies_of` is associated with any company."""


def tables(
    schemas: Iterable[Schema], directory: Directory, clock: Clock, lag: float, random: Random
) -> dict[str, Table]:
    """Return the filled tables by name, the records of all owners in random order."""
    made: dict[str, Table] = {}
    for schema in schemas:
        owners = [
            share.owner.id
            for share in directory.shares
            for _ in range(share.records.get(schema.name, 0))
        ]
        random.shuffle(owners)
        made[schema.name] = Table(schema, clock, lag, owners)
    companies = made["companies"]
    for table in made.values():
        if table.schema.company is not None:
            _associate(table, table.schema.company, companies, directory)
        for share in directory.shares:
            _soil(table, share)
    return made


def _associate(table: Table, name: str, companies: Table, directory: Directory) -> None:
    """Associate each record with a company, as the scenario says or with any."""
    total = companies.size
    if not total:
        table.made_up[name] = lambda _key: None
        return
    table.made_up[name] = lambda key: str(FIRST_RECORD_ID + key * _STEP % total)
    by_email = {(share.owner.email or "").lower(): share.owner.id for share in directory.shares}
    for share in directory.shares:
        if share.said is None or not share.said.companies_of:
            continue
        theirs = list(companies.alive(by_email[share.said.companies_of.lower()]))
        for place, key in enumerate(table.alive(share.owner.id)):
            if theirs and place % _ELSEWHERE:
                table.preset(key, name, str(theirs[place % len(theirs)]))


def _soil(table: Table, share: Share) -> None:
    if share.said is None:
        return
    wanted = share.said.dirty.get(table.schema.name, 0)
    for key in islice(table.alive(share.owner.id), wanted):
        table.dirty[key] = Dirty(left=share.said.mended_after or None)
