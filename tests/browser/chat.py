"""The chat page as a person uses it: typing, clicking, reading; nothing else.

Hooks: the head of `sandbox/page/app.js`.
"""

from __future__ import annotations

import re
from contextlib import suppress

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

COMMAND = "/uninstall-salesforce"
MAIN, AUDIT = "crm-sunset", "crm-sunset-audit"
JOB_MS = 90_000
"""How long the bot may take until it asks the next question."""
SOON_MS = 3_000
_MOST_TABS = 150


class Chat:
    """One window of the chat page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    # --- where one is ----------------------------------------------------------------------------

    def become(self, person: str) -> None:
        """Be this person from now on."""
        button = self.page.get_by_test_id(f"person-{person}")
        button.click()
        expect(button).to_have_attribute("aria-checked", "true")

    def channel(self, name: str) -> None:
        """Open a channel from the list, which a phone shows alone."""
        self.page.get_by_test_id(f"channel-{name}").click()
        title = re.compile(f"#?{re.escape(name)} – Sandbox")
        if name != "dm":
            expect(self.page).to_have_title(title)

    def back_to_list(self) -> None:
        """On a phone, go back from the thread and its channel to the list."""
        self.page.get_by_test_id("thread-close").click()
        self.page.get_by_test_id("back").click()

    @property
    def thread(self) -> Locator:
        return self.page.get_by_test_id("thread")

    @property
    def messages(self) -> Locator:
        """The messages of the open channel."""
        return self.page.get_by_test_id("messages").get_by_test_id("message")

    def open_thread(self) -> None:
        """Open the newest thread of the channel."""
        self.page.get_by_test_id("thread-open").last.click()
        self.thread.get_by_test_id("message").first.wait_for()

    # --- messages --------------------------------------------------------------------------------

    def type(self, text: str) -> None:
        """Write into the channel and send it."""
        field = self.page.get_by_test_id("composer")
        field.fill(text)
        field.press("Enter")

    def ask(self, sub_command: str) -> Locator:
        """Type a sub-command; return the answer that only this person sees."""
        answers = self.page.get_by_test_id("messages").get_by_test_id("only-visible-to-you")
        before = answers.count()
        self.type(f"{COMMAND} {sub_command}")
        answers.nth(before).wait_for()
        return self.messages.filter(has=self.page.get_by_test_id("only-visible-to-you")).last

    def button(self, action: str) -> Locator:
        """The newest button of this kind in the open thread."""
        return self.thread.locator(f'button[data-action-id="{action}"]').last

    def offered(self, action: str) -> Locator:
        """Wait until the bot offers this in the thread."""
        button = self.button(action)
        button.wait_for(timeout=JOB_MS)
        return button

    def gone(self, action: str) -> None:
        """Wait until the thread offers this no more."""
        expect(self.button(action)).to_have_count(0, timeout=JOB_MS)

    def press(self, action: str, *, sure: bool = False) -> None:
        """Press a button of the thread, and say yes where it asks whether one is sure."""
        self.offered(action).click()
        if sure:
            self.page.get_by_test_id("confirm-ok").click()

    def press_if_still_asked(self, action: str, then: str) -> None:
        """Press a button that the bot takes away as soon as it finds out by itself.

        Whether it was pressed in time or not, the bot goes on to offer *then*.
        """
        self.page.bring_to_front()
        with suppress(TooLate):
            self.button(action).click(timeout=SOON_MS)
            self.page.get_by_test_id("confirm-ok").click(timeout=SOON_MS)
        self.offered(then)
        excuse = self.page.get_by_test_id("toast")
        if excuse.is_visible():
            excuse.get_by_role("button").click()

    def reads(self, text: str | re.Pattern[str]) -> Locator:
        """Wait until the thread says this."""
        found = self.thread.get_by_text(text).last
        found.wait_for(timeout=JOB_MS)
        return found

    # --- modals ----------------------------------------------------------------------------------

    def modal(self, callback: str) -> Locator:
        """Wait for a modal."""
        shown = self.page.locator(f'[data-testid="modal"][data-callback-id="{callback}"]')
        shown.wait_for()
        return shown

    def opens(self, action: str, callback: str) -> Locator:
        """Press a button of the thread that opens a modal."""
        self.press(action)
        return self.modal(callback)

    def submit(self) -> None:
        """Submit the modal, which must be taken."""
        self.page.get_by_test_id("modal-submit").click()
        expect(self.page.get_by_test_id("modal")).to_have_count(0)

    def refused(self, message: str) -> None:
        """Submit the modal, which must stay and say what is wrong."""
        self.page.get_by_test_id("modal-submit").click()
        self.page.get_by_test_id("modal").get_by_text(message).wait_for()

    def close(self) -> None:
        """Close the modal."""
        self.page.get_by_test_id("modal-close").click()
        expect(self.page.get_by_test_id("modal")).to_have_count(0)

    # --- by the keyboard alone -------------------------------------------------------------------

    def tab_to(self, target: Locator) -> None:
        """Press Tab until *target* has the focus."""
        for _ in range(_MOST_TABS):
            if target.evaluate("(node) => node === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def keys(self, *names: str) -> None:
        """Press keys one after another."""
        for name in names:
            self.page.keyboard.press(name)


def field(modal: Locator, block: str, value: str = "") -> Locator:
    """The input of a modal's block; of several options, the one with this value."""
    if value:
        return modal.locator(f'.block[data-block-id="{block}"] input[data-value="{value}"]')
    return modal.locator(f'[data-block-id="{block}"][data-action-id]')


def choose(page: Page, box: Locator, typed: str, wanted: str) -> None:
    """Type into a select and pick what it finds."""
    box.click()
    box.press_sequentially(typed)
    page.get_by_role("option", name=wanted).click()
