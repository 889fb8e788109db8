"""A company with very many approvers, and a run of it that waits for their approvals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from slack_sdk import WebClient

from bench.processes import Failed
from sandbox.client import Message, Modal, Page, Place, Reply, Values

COMMAND = "/uninstall-salesforce"
APPROVE = "approve"
START, CANCEL = "start", "cancel"
CONFIRMATIONS = ("P0a", "P0b", "P0c")
VALUE = "value"
PATIENCE = 60.0
ADMINISTRATOR = "U0ADA00001"


def approvers(count: int) -> list[str]:
    """Return the Slack ids of so many approvers."""
    return [f"U0P{number:07}" for number in range(count)]


def write_scenario(path: Path, count: int) -> Path:
    """Write a small company with *count* approvers, all of whom must approve."""
    people = [_person(ADMINISTRATOR, "administrator", super_admin=True)]
    people += [_person(user, "approver", super_admin=False) for user in approvers(count)]
    text = "\n".join(
        [
            'name = "crowd"',
            'title = "A company with very many approvers"',
            "[workspace]",
            f"required_approvals = {count}",
            *people,
            "[[hubspot_owners]]",
            'name = "Ada"',
            'email = "ada@example.com"',
            "records = { contacts = 3 }",
            "[[salesforce_owners]]",
            'name = "Eve"',
            'email = "eve@example.com"',
            "records = { contacts = 4, deals = 2 }",
            "",
        ]
    )
    path.write_text(text, encoding="utf-8")
    return path


def _person(user: str, role: str, *, super_admin: bool) -> str:
    word = str(super_admin).lower()
    return (
        f'[[people]]\nid = "{user}"\nname = "Person {user[2:]}"\n'
        f'email = "{user.lower()}@example.com"\nrole = "{role}"\n'
        f"hubspot_user = {word}\nsuper_admin = {word}"
    )


class Rehearsal:
    """The administrator at Sunset's sandbox, who starts runs and ends them."""

    def __init__(self, page: Page, channel: str) -> None:
        self._page = page
        self._channel = channel
        self._admin = page.person(ADMINISTRATOR)

    def start(self) -> Message:
        """Start a run; return the message that asks for the approvals of its plan."""
        before = {root.ts for root in self._roots()}
        modal = self._command("", START)
        values: Values = {tick: {VALUE: [tick]} for tick in CONFIRMATIONS}
        values["reason"] = {VALUE: "leaving_salesforce"}
        values["approvers"] = {VALUE: approvers(2)}
        _taken(modal.submit(values), "The run did not start")
        return self._page.wait_for(
            lambda: self._question(before), "the question for approvals", timeout=PATIENCE
        )

    def cancel(self) -> None:
        """End the active run."""
        _taken(self._command("cancel", CANCEL).submit(), "The run did not end")

    def _command(self, words: str, form: str) -> Modal:
        self._admin.command(f"{COMMAND} {words}".strip(), self._channel)
        return self._admin.wait_modal(form)

    def _roots(self) -> list[Message]:
        return self._page.messages(self._channel, self._admin.id)

    def _question(self, before: set[str]) -> Message | None:
        for root in self._roots():
            if root.ts not in before:
                found = self._admin.find(APPROVE, Place(self._channel, root.ts))
                if found is not None:
                    return found
        return None


def _taken(reply: Reply, problem: str) -> None:
    if not reply.acknowledged or reply.errors:
        raise Failed(f"{problem}: {reply}")


def mirror(told: Mapping[str, str], message: Message) -> str:
    """Let the bare app's channel show *message* too; return its ts there."""
    client = WebClient(token=told["SLACK_BOT_TOKEN"], base_url=told["SLACK_API_URL"])
    answer = client.chat_postMessage(
        channel=message.channel,
        text=message.text,
        blocks=message.blocks,
        metadata=message.raw.get("metadata"),
    )
    return str(answer["ts"])
