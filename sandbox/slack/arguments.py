"""The arguments of a Web API call: JSON or form body, query string, token in header or body."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.slack.errors import SlackError
from sandbox.slack.rules import Faults

TRUE = {True, "1", "true", "True"}


def missing(name: str) -> SlackError:
    """The refusal of a call that lacks an argument."""
    return SlackError.because("invalid_arguments", [f"[ERROR] missing required field: {name}"])


class Arguments:
    """Arguments by name; every reader raises :class:`SlackError` for a value of the wrong kind."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def text(self, name: str) -> str:
        """A string that must be there."""
        value = self.optional(name)
        if not value:
            raise missing(name)
        return value

    def optional(self, name: str) -> str | None:
        """A string; None where it was not given."""
        value = self._given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, dict | list):
            sentence = f"[ERROR] must provide a string [json-pointer:/{name}]"
            raise SlackError.because("invalid_arguments", [sentence])
        return str(value)

    def has(self, name: str) -> bool:
        """Whether the argument was given at all."""
        return self._given.get(name) is not None

    def flag(self, name: str) -> bool:
        """A boolean, also as 1 or "true"."""
        value = self._given.get(name)
        return isinstance(value, bool | int | str) and value in TRUE

    def number(self, name: str, default: float) -> float:
        """A number."""
        value = self.optional(name)
        try:
            return default if value is None else float(value)
        except ValueError:
            sentence = f"[ERROR] must be a number [json-pointer:/{name}]"
            raise SlackError.because("invalid_arguments", [sentence]) from None

    def json(self, name: str, code: str) -> Any:
        """A JSON value, also as a string of JSON; *code* is the refusal when it is not JSON."""
        value = self._given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise SlackError(code) from None

    def page(self, default: int, most: int) -> tuple[int, int]:
        """`limit` and the place in the list that `cursor` stands for."""
        limit = int(self.number("limit", default)) or default
        if not 1 <= limit <= most:
            raise SlackError("invalid_limit")
        cursor = self.optional("cursor")
        try:
            return limit, 0 if cursor is None else int(cursor.removeprefix("next:"))
        except ValueError:
            raise SlackError("invalid_cursor") from None


def paged(items: list[Any], start: int, limit: int) -> tuple[list[Any], str]:
    """One page of *items* and the cursor of the next, empty at the end."""
    after = start + limit
    return items[start:after], f"next:{after}" if after < len(items) else ""


def raise_if(code: str, faults: Faults) -> None:
    """Refuse when there are *faults*."""
    if faults:
        raise SlackError.because(code, faults)


async def read(request: Request) -> dict[str, Any]:
    """All arguments of a call, the token among them."""
    given: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = await request.body()
        try:
            decoded = json.loads(body) if body else {}
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(decoded, dict):
            raise SlackError("json_not_object")
        given |= decoded
    elif kind == "multipart/form-data":
        given |= {k: v for k, v in (await request.form()).items() if isinstance(v, str)}
    else:
        body = await request.body()
        given |= parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        given["token"] = token.strip()
    return given
