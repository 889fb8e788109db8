"""The default scenario from the command to the final report, step by step, as people do it.

Ada sits at a computer and lends it to Ben; Cydonia approves on a phone, in Polish.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import services
from tests.browser.access import accessible
from tests.browser.camera import Camera
from tests.browser.chat import AUDIT, COMMAND, JOB_MS, MAIN, Chat, choose, field

ADA, BEN, CYDONIA, DAN = "U0ADA00001", "U0BEN00001", "U0CYD00001", "U0DAN00001"
OWNERS = 5
"""Salesforce-only owners of the default scenario (`sandbox/scenarios/tidy.toml`)."""
HOUR = 3600
_EVENT_LINE = re.compile(r"^(run-\S+) #(\d+) ", re.MULTILINE)
_COUNT = re.compile(r"(\d+) events")


@dataclass
class Journey:
    """The people's windows, and the camera that goes along."""

    desk: Chat
    phone: Chat
    camera: Camera

    def ada_looks_first(self) -> None:
        """Ada has a plan report made before anything begins, and looks at its picture."""
        desk, page = self.desk, self.desk.page
        answer = desk.ask("plan")
        expect(answer).to_contain_text("Sunset only reads")
        desk.channel("dm")
        report = desk.messages.filter(has_text="Plan report for HubSpot account").first
        report.wait_for(timeout=JOB_MS)
        bars = desk.messages.get_by_test_id("picture")
        bars.wait_for(timeout=JOB_MS)
        expect(bars).to_have_attribute("alt", re.compile("Records of Salesforce-only owners. "))
        assert bars.evaluate("(picture) => picture.decode().then(() => picture.naturalWidth)") > 0
        expect(desk.messages.get_by_test_id("file")).to_have_count(4)
        self.camera.take(page, "plan-report")
        accessible(page)
        report.get_by_test_id("thread-open").click()
        desk.reads("Who can approve")
        self.camera.take(page, "plan-report-details")
        page.get_by_test_id("thread-close").click()
        desk.channel(MAIN)

    # --- P0 --------------------------------------------------------------------------------------

    def start_by_keyboard(self) -> None:
        """Ada starts the run without touching the mouse (P0a–c)."""
        desk, page = self.desk, self.desk.page
        desk.tab_to(page.get_by_test_id("composer"))
        page.keyboard.type("/un")
        self.camera.take(page, "command")
        desk.keys("Enter")
        expect(page.get_by_test_id("composer")).to_have_value(f"{COMMAND} ")
        desk.keys("Enter")
        modal = desk.modal("start")
        for step in ("P0a", "P0b", "P0c"):
            desk.tab_to(field(modal, step, step))
            desk.keys("Space")
        desk.tab_to(field(modal, "reason"))
        desk.keys("ArrowDown", "Enter")
        desk.tab_to(field(modal, "note"))
        page.keyboard.type("Everybody works in HubSpot now.")
        self.camera.take(page, "start")
        desk.tab_to(page.get_by_test_id("modal-submit"))
        desk.keys("Enter")
        page.get_by_test_id("modal").get_by_text("The run has started").wait_for()
        desk.keys("Escape")
        expect(page.get_by_test_id("modal")).to_have_count(0)
        opener = page.get_by_test_id("thread-open").last
        opener.wait_for()
        desk.tab_to(opener)
        desk.keys("Enter")
        desk.offered("approve")

    def bystander_is_refused(self) -> None:
        """Dan may not approve, and is told whom to ask."""
        self.desk.become(DAN)
        self.desk.press("approve", sure=True)
        self.desk.reads("Only approvers may do this")

    def ben_reads_and_approves(self) -> None:
        """Ben turns the pages of the plan, then approves."""
        desk, page = self.desk, self.desk.page
        desk.become(BEN)
        self.camera.take(page, "plan")
        modal = desk.opens("open_plan", "plan")
        modal.get_by_text("Page 1 of 2").wait_for()
        modal.locator('[data-action-id="page_next"]').click()
        modal.get_by_text("Page 2 of 2").wait_for()
        self.camera.take(page, "plan-details")
        accessible(page)
        desk.close()
        desk.press("approve")
        self.camera.take(page, "approve")
        page.get_by_test_id("confirm-ok").click()
        desk.reads("Approvals: 1 of 2")

    def cydonia_approves(self, details: str, picture: str) -> None:
        """Cydonia reads on the phone what she approves, in her language, and approves."""
        phone = self.phone
        phone.offered("approve")
        self.camera.take(phone.page, picture)
        phone.press(details)
        expect(phone.page.get_by_test_id("modal-cancel")).to_have_text("Zamknij")
        self.camera.take(phone.page, f"{picture}-details")
        accessible(phone.page)
        phone.close()
        phone.press("approve", sure=True)
        phone.gone("approve")
        phone.page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")

    # --- P1 --------------------------------------------------------------------------------------

    def disconnect(self) -> None:
        """Ada disconnects in HubSpot and reports it (P1a–e)."""
        desk = self.desk
        desk.become(ADA)
        desk.offered("open_disconnect")
        self.camera.take(desk.page, "disconnect")
        home = self._home()
        hubspot = self._elsewhere("Open in HubSpot")
        services.disconnect(hubspot, self.camera)
        hubspot.close()
        modal = desk.opens("open_disconnect", "disconnect")
        for kind in ("contacts", "companies", "deals"):
            field(modal, "mappings", kind).check()
        choose(
            desk.page, field(modal, "P1d-reason"), "no longer use S", "We no longer use Salesforce"
        )
        field(modal, "P1d-phrase").fill(services.PHRASE.upper())
        self.camera.take(desk.page, "disconnect-report")
        desk.refused("The phrase is not right")
        field(modal, "P1d-phrase").fill(services.PHRASE)
        desk.submit()
        # The home keeps up by itself.
        expect(home.get_by_text("2 of 9 steps")).to_be_visible(timeout=JOB_MS)
        home.close()

    # --- P2 --------------------------------------------------------------------------------------

    def map_owners(self) -> None:
        """One owner by search, the suggestions, the rest to one person; then confirm (P2b)."""
        desk, page = self.desk, self.desk.page
        modal = desk.opens("open_mapping", "mapping")
        modal.get_by_text(f"{OWNERS} of {OWNERS} owners").wait_for()
        self.camera.take(page, "owners")
        row = modal.locator(".block").filter(has_text="eve.lindgren@example.com")
        picker = row.locator('[data-action-id="pick_target"]')
        picker.click()
        picker.press_sequentially("gil")
        expect(page.get_by_role("option")).to_have_text(["Gil Tanakagil.tanaka@example.com"])
        self.camera.take(page, "owners-search")
        page.get_by_role("option", name="Gil Tanaka").click()
        modal.get_by_text(f"{OWNERS - 1} of {OWNERS} owners").wait_for()
        modal.locator('[data-action-id="take_suggestions:manager"]').click()
        modal.locator('[data-action-id="take_suggestions:manager"]').wait_for(state="detached")
        choose(page, modal.locator('[data-action-id="pick_remaining"]'), "hana", "Hana Petrova")
        modal.get_by_text("Every owner has a HubSpot owner").wait_for()
        self.camera.take(page, "owners-chosen")
        desk.close()
        desk.offered("confirm_mapping")
        self.camera.take(page, "mapping")
        desk.press("confirm_mapping", sure=True)

    def delete_owners(self) -> None:
        """Ada deletes the Salesforce owners in HubSpot and reports it (P2c–e)."""
        desk = self.desk
        desk.offered("report_owners_deleted")
        self.camera.take(desk.page, "cleanup")
        services.delete_owners(desk.page, self.camera)
        desk.page.get_by_test_id("back-to-chat").click()
        desk.press("report_owners_deleted", sure=True)

    # --- P3 --------------------------------------------------------------------------------------

    def choose_copy(self) -> None:
        """The inventory is read, the data backed up, the copy kept, the consent given (P3c–e)."""
        desk, page = self.desk, self.desk.page
        modal = desk.opens("open_inventory", "inventory")
        modal.get_by_text("HubSpot_Favorites__c").first.wait_for()
        self.camera.take(page, "inventory")
        desk.close()
        self.camera.take(page, "package")
        desk.press("start_backup")
        desk.reads(re.compile(r"verified: [0-9,]+ records? in "))
        modal = desk.opens("open_data_copy", "data_copy")
        field(modal, "P3d", "keep").check()
        self.camera.take(page, "data-copy")
        desk.submit()
        modal = desk.opens("open_consent", "consent")
        field(modal, "P3e", "P3e").check()
        self.camera.take(page, "consent")
        desk.submit()

    def ben_approves_removal(self) -> None:
        """Ben approves what is deleted for good (P3e)."""
        desk = self.desk
        desk.become(BEN)
        desk.offered("approve")
        self.camera.take(desk.page, "removal")
        desk.press("approve", sure=True)
        desk.reads("Approvals: 1 of 2")

    def uninstall(self) -> None:
        """Ada uninstalls the package in Salesforce and reports it; the bot proves it (P3f)."""
        desk = self.desk
        desk.become(ADA)
        desk.offered("report_uninstalled")
        self.camera.take(desk.page, "run")
        setup = self._elsewhere("Open in Salesforce")
        services.uninstall(setup, self.camera)
        desk.press_if_still_asked("report_uninstalled", then="open_downloaded")
        setup.close()
        self.camera.take(desk.page, "window")

    # --- P4 --------------------------------------------------------------------------------------

    def reminders(self) -> None:
        """Time passes by the clock's buttons; each reminder comes to the thread and to Ada."""
        self._ahead(24, "24 hours")
        self._ahead(12, "12 hours")
        self.camera.take(self.desk.page, "reminder")
        self._ahead("8h", "4 hours")
        self.desk.channel("dm")
        direct = self.desk.page.get_by_test_id("messages")
        direct.get_by_text(re.compile(r"(?<!\d)4 hours")).last.wait_for(timeout=JOB_MS)
        self.camera.take(self.desk.page, "direct")
        self.desk.channel(MAIN)
        self.desk.open_thread()

    def _ahead(self, by: int | str, left: str) -> None:
        page = self.desk.page
        if isinstance(by, int):
            page.get_by_test_id(f"advance-{by * HOUR}").click()
        else:
            page.get_by_test_id("advance-field").fill(by)
            page.get_by_test_id("advance-go").click()
        self.desk.reads(re.compile(rf"⏰.*(?<!\d){left}"))

    def download(self) -> None:
        """Ada has downloaded the copy and says where it lies; the run is over (P4)."""
        desk = self.desk
        setup = self._elsewhere("Open in Salesforce")
        services.download(setup, self.camera)
        setup.close()
        modal = desk.opens("open_downloaded", "downloaded")
        desk.refused("Please complete this required field.")
        field(modal, "P4").fill("Vault “CRM exports”, box 12")
        self.camera.take(desk.page, "downloaded")
        desk.submit()
        desk.reads("What cannot be undone")
        desk.reads("Vault “CRM exports”, box 12")
        self.camera.take(desk.page, "report")

    # --- afterwards ------------------------------------------------------------------------------

    def report_is_whole(self) -> None:
        """The report in the thread is one file that tells the whole run by itself."""
        desk, page = self.desk, self.desk.page
        files = desk.thread.get_by_test_id("file").filter(has_text="sunset-report-")
        expect(files).to_have_count(3, timeout=JOB_MS)
        with page.expect_download() as download:
            files.first.click()
        told = page.context.new_page()
        told.set_content(Path(download.value.path()).read_text(encoding="utf-8"))
        expect(told.get_by_role("heading", level=1)).to_contain_text("HubSpot–Salesforce")
        expect(told.get_by_text("intact: recomputed when this report was made")).to_be_visible()
        expect(told.get_by_text("Still under way")).to_have_count(0)
        for person in ("Ada", "Ben", "Cydonia"):
            expect(told.get_by_text(person).first).to_be_visible()
        accessible(told)
        self.camera.take(told, "run-report")
        told.close()

    def card_is_complete(self) -> None:
        """The card's checklist has no open step."""
        desk = self.desk
        desk.channel(MAIN)
        card = desk.messages.filter(has=desk.page.get_by_test_id("thread-open")).last
        expect(card).not_to_contain_text("⏳")
        expect(card).not_to_contain_text("⬜")
        card.evaluate("(node) => node.scrollIntoView()")
        self.camera.take(desk.page, "card")

    def audit_is_whole(self) -> None:
        """The audit channel has one line for each event that the record counts."""
        desk = self.desk
        answer = desk.ask("audit").inner_text()
        self.camera.take(desk.page, "audit-answer")
        counted = _COUNT.search(answer)
        assert counted is not None, answer
        desk.channel(AUDIT)
        every = range(1, int(counted[1]) + 1)
        expect(desk.page.get_by_test_id("messages")).to_contain_text(f"#{every[-1]} ")
        lines = _EVENT_LINE.findall(desk.page.get_by_test_id("messages").inner_text())
        assert Counter(int(number) for _, number in lines) == Counter(every)
        assert len({run for run, _ in lines}) == 1
        self.camera.take(desk.page, "audit")

    def _home(self) -> Page:
        """Ada opens the app's home beside, and it tells what waits for her."""
        home = self.desk.page.context.new_page()
        home.goto(f"{self.desk.page.url.partition('#')[0]}#/home")
        expect(home.get_by_text("This waits for you:")).to_be_visible()
        expect(home.get_by_text("1 of 9 steps")).to_be_visible()
        accessible(home)
        self.camera.take(home, "home")
        return home

    def _elsewhere(self, link: str) -> Page:
        """Follow a link of the thread into a tab of its own."""
        with self.desk.page.expect_popup() as opened:
            self.desk.thread.get_by_role("link", name=link).last.click()
        return opened.value
