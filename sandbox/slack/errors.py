"""The two ways of saying no: to the bot, as Slack does, and to the person of the JSON API."""

from __future__ import annotations

from typing import Any


class SlackError(Exception):
    """A Web API method's refusal: `{"ok": false, "error": code, ...}` with HTTP status 200."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    @classmethod
    def because(cls, code: str, faults: list[str]) -> SlackError:
        """A refusal that lists *faults* under `response_metadata.messages`."""
        return cls(
            code,
            errors=[fault.removeprefix("[ERROR] ") for fault in faults],
            response_metadata={"messages": faults},
        )

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {"ok": False, "error": self.code, **self.extra}


class PersonError(Exception):
    """What a person cannot do, or a mistake in a call of the JSON API: a code and a sentence."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {"ok": False, "error": self.code, "message": str(self)}
