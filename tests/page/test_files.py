"""Files in the page: the list is fetched from the thread, filled in, and handed over in a modal."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import expect
from slack_sdk import WebClient

from bot.vendors.slack import Slack
from handlers import mapping_file
from handlers.i18n import translator
from handlers.register import register
from handlers.render import prompt_message
from sandbox.slack.scopes import BOT_SCOPES
from tests.handlers.engine import FakeClock, FakeEngine, FakeOwners, FakePeople, services
from tests.handlers.mapping_desk import HUBS
from tests.handlers.runs import START, Story, owners, tell
from tests.page.conftest import Opener
from tests.sandbox.slack_harness import ADA, MAIN, Harness
from workflows.prompts import Ask
from workflows.run import Run

EN = translator("en")


class Desk:
    """The listeners, with a run whose mapping is asked for."""

    def __init__(self, slack: Harness) -> None:
        self.engine = FakeEngine(FakeClock(START))
        self.engine.adopt(tell(Ask.MAP_OWNERS, Story(owned=owners(3))))
        known = FakeOwners()
        known.owners = list(HUBS)
        people = FakePeople()
        people.administrators = lambda: [ADA]  # type: ignore[method-assign]
        self.client: WebClient = slack.client()
        self.files = Slack(self.client)
        given = services(self.engine, FakeClock(START), known)
        self.app = slack.app()
        register(self.app, replace(given, people=people, files=self.files))

    @property
    def run(self) -> Run:
        return self.engine.one

    def asks(self) -> str:
        """Post what is asked now, and the list below it."""
        shown = prompt_message(self.run, EN, None)
        posted = self.client.chat_postMessage(channel=MAIN, text=shown.text, blocks=shown.blocks)
        root = str(posted["ts"])
        content = mapping_file.made(self.run, EN)
        self.files.upload(MAIN, root, "sunset-mapping.csv", content, "The list")
        return root


def filled(path: Path, target: str) -> Path:
    """Fill the list in, and save it as some spreadsheets do."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, rows[0].keys(), delimiter=";")
    writer.writeheader()
    writer.writerows({**row, "new_owner": target} for row in rows)
    saved = path.with_name("filled.csv")
    saved.write_bytes(written.getvalue().encode("utf-16"))
    return saved


def test_the_list_is_downloaded_filled_in_and_taken_in(
    slack: Harness, chat: Opener, tmp_path: Path
) -> None:
    assert {"files:read", "files:write"} <= set(BOT_SCOPES)
    desk = Desk(slack)
    with slack.connected(desk.app):
        root = desk.asks()
        page = chat(place=f"#/c/{MAIN}/t/{root}")
        link = page.get_by_test_id("file")
        with page.expect_download() as download:
            link.first.click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.name == "sunset-mapping.csv"
        page.locator('[data-action-id="open_mapping_file"]').first.click()
        dialog = page.get_by_role("dialog")
        wrong = filled(path, "nobody@example.com")
        dialog.locator('input[type="file"]').set_input_files(wrong)
        expect(dialog.get_by_text("filled.csv")).to_be_visible()
        dialog.get_by_role("button", name="Take in").click()
        expect(dialog.get_by_text("no active HubSpot owner")).to_contain_text("Row 4")
        assert desk.run.mapping == {}
        expect(dialog.get_by_text("filled.csv")).to_have_count(0)
        right = filled(path, "h1@example.com; 801; deals=h2@example.com")
        dialog.locator('input[type="file"]').set_input_files(right)
        dialog.get_by_role("button", name="Take in").click()
        expect(dialog.get_by_text("choices for 3 owners were taken in")).to_be_visible()
    assert {given.code for given in desk.run.mapping.values()} == {"802+801;deals=803"}


def test_one_owner_is_given_to_several_by_hand(slack: Harness, chat: Opener) -> None:
    desk = Desk(slack)
    with slack.connected(desk.app):
        desk.asks()
        page = chat(place=f"#/c/{MAIN}")
        page.locator('[data-action-id="open_mapping"]').first.click()
        page.locator('[data-action-id="open_split"]').first.click()
        dialog = page.get_by_role("dialog").last
        expect(dialog.get_by_text("get the records in turn")).to_be_visible()
        picker = dialog.locator('[data-action-id="pick_split"]').first
        picker.press_sequentially("hub 0")
        page.get_by_role("option", name="Hub 0").click()
        # As in Slack, a pick clears what was typed, and the list is whole again.
        expect(picker).to_have_value("")
        page.get_by_role("option", name="Hub 1").click()
        page.keyboard.press("Escape")
        dialog.get_by_role("button", name="Keep").click()
        expect(page.get_by_text("Hub 0 and Hub 1 in turn")).to_be_visible()
    assert desk.run.mapping["100"].code == "801+802"
