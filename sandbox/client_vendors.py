"""The human steps at HubSpot and Salesforce through the sandbox's JSON API."""

from __future__ import annotations

from typing import Protocol

from sandbox.client_messages import Json


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
        """Return records of one kind, of one owner if given."""
        params: dict[str, str | int] = {"object": kind, "limit": limit}
        if owner is not None:
            params["owner"] = owner
        return list(self._page.get("/sandbox/hubspot/records", **params)["records"])

    def change(self, kind: str, record_id: str, properties: Json) -> Json:
        """Change a record by hand."""
        body = {"object": kind, "id": record_id, "properties": properties}
        return self._page.post("/sandbox/hubspot/record", body)


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
