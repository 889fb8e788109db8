"""The human steps P1, P2 and P3 on the stand-ins of HubSpot and Salesforce."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.page.conftest import Opener


def uninstall(page: Page, phrase: str) -> None:
    page.get_by_test_id("hubspot-disconnect").click()
    page.get_by_test_id("hubspot-continue").click()
    page.get_by_test_id("hubspot-reason").select_option(index=1)
    page.get_by_test_id("hubspot-phrase").fill(phrase)
    page.get_by_test_id("hubspot-uninstall").click()


def test_hubspot(sandbox_page: str, opened: Opener) -> None:
    page = opened(f"{sandbox_page}/hubspot")
    uninstall(page, "uninstall salesforce")
    page.get_by_test_id("hubspot-error").get_by_text("exactly so").wait_for()
    page.get_by_test_id("hubspot-cancel").click()
    uninstall(page, "Uninstall Salesforce")
    page.get_by_test_id("hubspot-status").get_by_text("Disconnected").wait_for()
    page.get_by_test_id("hubspot-go-cleanup").click()
    page.get_by_test_id("hubspot-delete-owners").click()
    page.get_by_test_id("hubspot-got-it").click()
    page.get_by_text("There are no Salesforce owners left.").wait_for()
    expect(page.get_by_test_id("hubspot-delete-owners")).to_be_disabled()


def test_salesforce(sandbox_page: str, opened: Opener) -> None:
    page = opened(f"{sandbox_page}/salesforce", phone=True)
    page.get_by_test_id("salesforce-uninstall-HubSpot_Inc").click()
    page.get_by_test_id("salesforce-confirm").click()
    page.get_by_test_id("salesforce-error").get_by_text("copy").wait_for()
    page.get_by_test_id("salesforce-keep").check()
    page.get_by_test_id("salesforce-consent").check()
    page.get_by_test_id("salesforce-confirm").click()
    page.get_by_test_id("salesforce-error").get_by_text("The uninstall failed").wait_for()
    page.get_by_test_id("mail").first.wait_for()
    resolve = page.get_by_role("button", name="Remove")
    while resolve.count():
        before = resolve.first.get_attribute("data-testid")
        resolve.first.click()
        page.get_by_test_id(str(before)).wait_for(state="detached")
    page.get_by_test_id("salesforce-confirm").click()
    page.get_by_test_id("salesforce-copy").get_by_text("kept until").wait_for()
    page.get_by_test_id("clock-toggle").click()
    page.get_by_test_id("advance-field").fill("49h")
    page.get_by_test_id("advance-go").click()
    page.get_by_test_id("salesforce-copy").get_by_text("gone since").wait_for()
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
