"""Files between the bot's adapter and this Slack: uploaded, found again, fetched, refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bot.errors import VendorError
from bot.vendors.slack import Attachment, Slack
from tests.sandbox.slack_harness import ADA, MAIN, Harness, harness

MOST = 1_000_000


def refused(call: Callable[[], object]) -> VendorError:
    with pytest.raises(VendorError) as caught:
        call()
    return caught.value


def handed_over(slack: Harness, content: bytes) -> str:
    """Let a person choose a file in a modal; return its id."""
    params = {"user": ADA, "name": "lista ą.csv"}
    answer = slack.http.post(f"{slack.url}/sandbox/files", params=params, data=content, timeout=5)
    return str(answer.json()["file"]["id"])


@pytest.fixture
def slack() -> Iterator[Harness]:
    with harness() as running:
        yield running


@pytest.fixture
def bot(slack: Harness) -> Slack:
    made = Slack(slack.client())
    made.who_am_i()
    return made


@pytest.fixture
def root(slack: Harness) -> str:
    return str(slack.client().chat_postMessage(channel=MAIN, text="root")["ts"])


def test_an_uploaded_file_is_in_the_thread_and_found_again(
    slack: Harness, bot: Slack, root: str
) -> None:
    assert not bot.uploaded(MAIN, root, "list.csv", 0.0)
    bot.upload(MAIN, root, "list.csv", b"a,b\r\n", "Fill it in")
    assert bot.uploaded(MAIN, root, "list.csv", 0.0)
    assert not bot.uploaded(MAIN, root, "other.csv", 0.0)
    (reply,) = slack.get(f"channels/{MAIN}/threads/{root}", viewer=ADA)["messages"][1:]
    assert (reply["text"], reply["files"][0]["name"]) == ("Fill it in", "list.csv")


def test_what_a_person_hands_over_is_read(slack: Harness, bot: Slack) -> None:
    content = "owner_id;new_owner\r\n1;ą\r\n".encode("utf-16")
    assert bot.read_file(handed_over(slack, content), MOST) == content


def test_an_unknown_file_is_gone(bot: Slack) -> None:
    assert refused(lambda: bot.read_file("F0NOWHERE", MOST)).code == "slack_file_gone"


def test_both_scopes_are_needed(slack: Harness, bot: Slack, root: str) -> None:
    file_id = handed_over(slack, b"x")
    slack.slack.scopes = slack.slack.scopes - {"files:read", "files:write"}
    reading = refused(lambda: bot.read_file(file_id, MOST))
    writing = refused(lambda: bot.upload(MAIN, root, "list.csv", b"x", ""))
    assert (reading.missing, writing.missing) == ("files:read", "files:write")


def test_several_files_come_in_one_message_and_a_picture_says_what_it_shows(
    slack: Harness, bot: Slack
) -> None:
    more = [Attachment("data.csv", b"a\r\n"), Attachment("data.json", b"{}")]
    bot.upload(MAIN, None, "bars.png", b"\x89PNG", "Look", alt="Three bars", more=more)
    last = slack.get(f"channels/{MAIN}/messages", viewer=ADA)["messages"][-1]
    shown = [(one["name"], one["alt"]) for one in last["files"]]
    assert shown == [("bars.png", "Three bars"), ("data.csv", ""), ("data.json", "")]
    assert (last["text"], last["thread_ts"]) == ("Look", None)
    assert bot.uploaded(MAIN, None, "bars.png", 0.0)
    too_long = refused(lambda: bot.upload(MAIN, None, "b.png", b"x", "", alt="x" * 1_001))
    assert too_long.code == "slack_alt_txt_too_large"
