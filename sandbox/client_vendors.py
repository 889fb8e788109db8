"""The human steps at HubSpot and Salesforce through the sandbox's JSON API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sandbox.client_messages import Json

_PAGE = 1_000
"""Records that the sandbox returns at most for one call."""


class Calls(Protocol):
    """The JSON API; every refusal is a :class:`sandbox.client_messages.Refused`."""

    def get(self, path: str, /, **params: str | int) -> Json:
        """Call `GET path`."""
        ...

    def post(self, path: str, body: Json, /) -> Json:
        """Call `POST path`."""
        ...


class HubSpot:
    """The human steps at HubSpot, and what a person finds there."""

    def __init__(self, page: Calls) -> None:
        self._page = page

    def state(self) -> Json:
        """Return `{connected, owners, archived_owners, counts, …}`."""
        return self._page.get("/sandbox/hubspot")

    def disconnect(self, user: str, reason: str, phrase: str) -> Json:
        """Disconnect the integration (P1a–e)."""
        body = {"user": user, "reason": reason, "phrase": phrase}
        return self._page.post("/sandbox/hubspot/disconnect", body)

    def delete_salesforce_owners(self, user: str) -> Json:
        """Press *Delete Salesforce owners*, then *Got it* (P2d–e)."""
        return self._page.post("/sandbox/hubspot/delete-salesforce-owners", {"user": user})

    def records(self, kind: str, owner: str | None = None, limit: int = 1_000) -> list[Json]:
        """Return the first *limit* records of one kind, of one owner if given, by their ids."""
        found: list[Json] = []
        params: dict[str, str | int] = {"object": kind}
        if owner is not None:
            params["owner"] = owner
        while len(found) < limit:
            page = list(self._records(params, limit - len(found)))
            found += page
            if len(page) < min(limit, _PAGE):
                break
            params["since"] = int(page[-1]["id"]) + 1
        return found[:limit]

    def _records(self, params: dict[str, str | int], limit: int) -> list[Json]:
        asked = {**params, "limit": min(limit, _PAGE)}
        return list(self._page.get("/sandbox/hubspot/records", **asked)["records"])

    def change(self, kind: str, record_id: str, properties: Json) -> Json:
        """Change a record by hand."""
        body = {"object": kind, "id": record_id, "properties": properties}
        return self._page.post("/sandbox/hubspot/record", body)

    def archive(self, kind: str, record_id: str) -> Json:
        """Put a record into the recycle bin."""
        body = {"object": kind, "id": record_id}
        return self._page.post("/sandbox/hubspot/record/archive", body)

    def merge(self, kind: str, record_id: str, into: str) -> Json:
        """Let a record go up in another one, whose id survives."""
        body = {"object": kind, "from": record_id, "into": into}
        return self._page.post("/sandbox/hubspot/record/merge", body)

    def soil(
        self, kind: str, ids: Sequence[str], *, whole_batch: bool = False, mended_after: int = 0
    ) -> Json:
        """Let records refuse a change of their owner, *mended_after* times or (0) for ever."""
        body = {"whole_batch": whole_batch, "mended_after": mended_after}
        return self._dirty(kind, ids, {"dirty": True, **body})

    def mend(self, kind: str, ids: Sequence[str]) -> Json:
        """Put dirty records right."""
        return self._dirty(kind, ids, {"dirty": False})

    def dirty(self, kind: str) -> list[str]:
        """Return the ids of the records that refuse a change of their owner now."""
        return list(self._dirty(kind, (), {"dirty": False})["dirty"])

    def _dirty(self, kind: str, ids: Sequence[str], more: Json) -> Json:
        body = {"object": kind, "ids": list(ids), **more}
        return self._page.post("/sandbox/hubspot/record/dirty", body)

    def deactivate(self, owner: str) -> Json:
        """Deactivate the HubSpot user behind an owner."""
        return self._page.post("/sandbox/hubspot/owner/deactivate", {"id": owner})

    def use(self, calls: int) -> Json:
        """Let the account's integrations have made so many requests today."""
        return self._page.post("/sandbox/hubspot/usage", {"used": calls})


class Salesforce:
    """The human steps at Salesforce, and what a person finds there."""

    def __init__(self, page: Calls) -> None:
        self._page = page

    def state(self) -> Json:
        """Return `{installed, blockers, copy, mail, …}`."""
        return self._page.get("/sandbox/salesforce")

    def uninstall(self, user: str, *, keep_copy: bool, consent: bool = True) -> Json:
        """Press *Uninstall* in Setup (P3d–f); :class:`Refused` `uninstall_failed` if blocked."""
        body = {"user": user, "keep_copy": keep_copy, "consent": consent}
        return self._page.post("/sandbox/salesforce/uninstall", body)

    def resolve(self, blocker_id: str) -> Json:
        """Remove something that refers to the package."""
        return self._page.post("/sandbox/salesforce/resolve-blocker", {"id": blocker_id})
