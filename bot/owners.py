"""HubSpot's active owners, held in memory: a picker must answer within 3 seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from workflows.values import Owner


class OwnerList:
    """The owners that records can be given to (:class:`handlers.ports.Owners`)."""

    def __init__(self, read: Callable[[], Iterable[Owner]]) -> None:
        self._read = read
        self._owners: tuple[Owner, ...] = ()
        self._by_id: dict[str, Owner] = {}

    def refresh(self) -> None:
        """Read the owners anew; a vendor error leaves what is known."""
        owners = tuple(self._read())
        self._by_id = {owner.id: owner for owner in owners}
        self._owners = owners

    def all(self) -> tuple[Owner, ...]:
        """Return all active owners."""
        return self._owners

    def get(self, owner_id: str) -> Owner | None:
        """Return one active owner."""
        return self._by_id.get(owner_id)

    def search(self, query: str, limit: int = 100) -> Sequence[Owner]:
        """Return the owners whose name or e-mail contains *query*; beginnings come first."""
        wanted = query.casefold().strip()
        found = [owner for owner in self._owners if wanted in _text(owner)]
        found.sort(key=lambda owner: not _text(owner).startswith(wanted))
        return found[:limit]


def _text(owner: Owner) -> str:
    return f"{owner.name} {owner.email}".casefold()
