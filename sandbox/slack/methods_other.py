"""The Web API methods for views, users, user groups, files, tokens and sockets."""

from __future__ import annotations

from typing import Any

from sandbox.scenario import Person
from sandbox.slack.arguments import Arguments, missing
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Content
from sandbox.slack.methods_chat import writable
from sandbox.slack.payloads import handle
from sandbox.slack.scopes import EMAIL_SCOPE
from sandbox.slack.service import Slack
from sandbox.slack.workspace import (
    APP,
    BOT,
    BOT_NAME,
    BOT_USER,
    OTHER_TEAM,
    TEAM,
    TEAM_NAME,
    USER_GROUPS,
    File,
)

MOST_BYTES = 50_000_000
MOST_ALT = 1_000
"""Characters (docs.slack.dev/reference/methods/files.getUploadURLExternal)."""


# Views


def _view(arguments: Arguments) -> Any:
    if not arguments.has("view"):
        raise missing("view")
    return arguments.json("view", "invalid_arguments")


def views_open(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """views.open."""
    definition = _view(arguments)
    trigger = slack.triggers.exchange(arguments.text("trigger_id"))
    return {"view": slack.views.open(trigger, definition).json()}


def views_push(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """views.push: only with a trigger from a modal that is still open."""
    definition = _view(arguments)
    trigger = slack.triggers.exchange(arguments.text("trigger_id"))
    if trigger.view_id is None:
        raise SlackError("not_found")
    return {"view": slack.views.push(trigger.user, definition).json()}


def views_update(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """views.update."""
    definition = _view(arguments)
    view = slack.views.find(arguments.optional("view_id"), arguments.optional("external_id"))
    return {"view": slack.views.update(view, definition, arguments.optional("hash")).json()}


def views_publish(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """views.publish."""
    definition = _view(arguments)
    user = arguments.text("user_id")
    if user not in slack.workspace.people:
        raise SlackError("user_not_found")
    return {"view": slack.views.publish(user, definition, arguments.optional("hash")).json()}


# Users


class Guest(Person):
    """A person who was invited to some channels only."""


class Stranger(Person):
    """A person of another workspace, here through a shared channel (Slack Connect)."""


class Deactivated(Person):
    """A person whose Slack account was deactivated: known still, and in no user group."""


KINDS: dict[str, type[Person]] = {
    "member": Person,
    "guest": Guest,
    "stranger": Stranger,
    "deactivated": Deactivated,
}


def become(slack: Slack, person: Person, kind: type[Person]) -> None:
    """Make *person* another kind of user: deactivated, a guest, a stranger, a full member."""
    slack.workspace.people[person.id] = kind(**person.model_dump())


def _user_json(slack: Slack, person: Person, locale: bool) -> dict[str, Any]:
    profile: dict[str, Any] = {
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": handle(person),
        "display_name_normalized": handle(person),
        "team": TEAM,
    }
    if EMAIL_SCOPE in slack.scopes and person.email:
        profile["email"] = person.email
    shown: dict[str, Any] = {
        "id": person.id,
        "team_id": TEAM,
        "name": handle(person),
        "real_name": person.name,
        "deleted": isinstance(person, Deactivated),
        "tz": person.tz,
        "profile": profile,
        "is_admin": False,
        "is_bot": False,
        "is_app_user": False,
        "is_restricted": isinstance(person, Guest),
        "is_ultra_restricted": False,
    }
    if isinstance(person, Stranger):
        shown |= {"team_id": OTHER_TEAM, "is_stranger": True}
    return shown | ({"locale": person.locale} if locale else {})


def _bot_json() -> dict[str, Any]:
    name = BOT_NAME.capitalize()
    return {
        "id": BOT_USER,
        "team_id": TEAM,
        "name": BOT_NAME,
        "real_name": name,
        "deleted": False,
        "is_bot": True,
        "profile": {"real_name": name, "display_name": name, "bot_id": BOT, "api_app_id": APP},
    }


def users_info(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """users.info."""
    user = arguments.text("user")
    if user == BOT_USER:
        return {"user": _bot_json()}
    if user not in slack.workspace.people:
        raise SlackError("user_not_found")
    person = slack.workspace.people[user]
    return {"user": _user_json(slack, person, arguments.flag("include_locale"))}


def users_list(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """users.list."""
    limit, start = arguments.page(1000, 1000)
    locale = arguments.flag("include_locale")
    people = list(slack.workspace.people.values())
    page = [_user_json(slack, person, locale) for person in people[start : start + limit]]
    after = start + limit
    if after < len(people):
        return {"members": page, "response_metadata": {"next_cursor": f"next:{after}"}}
    return {"members": [*page, _bot_json()], "response_metadata": {"next_cursor": ""}}


def user_group_members(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """usergroups.users.list: every workspace has a group of administrators and one of approvers."""
    group = USER_GROUPS.get(arguments.text("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    members = (
        one
        for one in slack.workspace.people.values()
        if not isinstance(one, Deactivated | Stranger)
    )
    return {"users": [one.id for one in members if one.role == group[1]]}


# Files


def upload_url(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """files.getUploadURLExternal."""
    name, length = arguments.text("filename"), arguments.number("length", -1)
    if length <= 0:
        raise SlackError("invalid_arguments")
    if length > MOST_BYTES:
        raise SlackError("file_upload_size_restricted")
    alt = arguments.optional("alt_txt") or ""
    if len(alt) > MOST_ALT:
        raise SlackError("alt_txt_too_large")
    file = slack.workspace.new_file(name, BOT_USER)
    file.alt = alt
    return {"upload_url": f"{slack.origin}/upload/v1/{file.id}", "file_id": file.id}


def complete_upload(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """files.completeUploadExternal: share the files in a channel, if one is named."""
    given = arguments.json("files", "invalid_arguments")
    if not isinstance(given, list) or not given:
        raise missing("files")
    files: list[File] = []
    for one in given:
        file = slack.workspace.files.get(str(one.get("id"))) if isinstance(one, dict) else None
        if file is None or not file.content:
            raise SlackError("file_not_found")
        file.title = str(one.get("title") or file.name)
        files.append(file)
    for file in files:
        file.complete = True
    if arguments.optional("channel_id"):
        channel = writable(slack, arguments, "channel_id")
        thread_ts = arguments.optional("thread_ts")
        root = channel.messages.get(thread_ts or "")
        if thread_ts and (root is None or root.ephemeral_for is not None):
            raise SlackError("thread_not_found")
        thread = None if root is None else root.thread_ts or root.ts
        comment = Content(arguments.optional("initial_comment") or "", thread_ts=thread)
        slack.messages.post(channel, comment, files=files)
    return {"files": [slack.messages.file_json(file) for file in files]}


def file_info(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """files.info."""
    file = slack.workspace.files.get(arguments.text("file"))
    if file is None or not file.complete:
        raise SlackError("file_not_found")
    return {"file": slack.messages.file_json(file), "comments": []}


# Tokens and sockets


def auth_test(slack: Slack, arguments: Arguments) -> dict[str, Any]:  # noqa: ARG001 - as every method
    """auth.test."""
    return {
        "url": f"{slack.origin}/",
        "team": TEAM_NAME,
        "team_id": TEAM,
        "user": BOT_NAME,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


def open_connection(slack: Slack, arguments: Arguments) -> dict[str, Any]:  # noqa: ARG001 - as every method
    """apps.connections.open."""
    ticket = slack.sockets.ticket()
    return {"url": f"{slack.socket_origin}/link/?ticket={ticket}&app_id={APP}"}
