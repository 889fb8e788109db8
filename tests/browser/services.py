"""The stand-ins of HubSpot and Salesforce, where people do what only people can do.

Hooks: the heads of `sandbox/page/hubspot.js` and `sandbox/page/salesforce.js`.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.camera import Camera

PHRASE = "Uninstall Salesforce"


def disconnect(page: Page, camera: Camera) -> None:
    """P1b–e on a HubSpot page that is open already, with a phrase that is mistyped at first."""
    page.get_by_test_id("hubspot-status").get_by_text("Connected").wait_for()
    page.get_by_test_id("hubspot-disconnect").click()
    page.get_by_test_id("hubspot-continue").click()
    page.get_by_test_id("hubspot-reason").select_option("We no longer use Salesforce")
    page.get_by_test_id("hubspot-phrase").fill(PHRASE.lower())
    page.get_by_test_id("hubspot-uninstall").click()
    page.get_by_test_id("hubspot-error").get_by_text(PHRASE).wait_for()
    page.get_by_test_id("hubspot-phrase").fill(PHRASE)
    camera.take(page, "hubspot-disconnect")
    page.get_by_test_id("hubspot-uninstall").click()
    page.get_by_test_id("hubspot-status").get_by_text("Disconnected").wait_for()


def delete_owners(page: Page, camera: Camera) -> None:
    """P2c–e, by the link in HubSpot's mail."""
    page.get_by_test_id("open-hubspot").click()
    page.get_by_test_id("hubspot-go-cleanup").click()
    page.get_by_text("No contact, company or deal belongs to a Salesforce owner").wait_for()
    camera.take(page, "hubspot-cleanup")
    page.get_by_test_id("hubspot-delete-owners").click()
    page.get_by_test_id("hubspot-got-it").click()
    page.get_by_text("There are no Salesforce owners left.").wait_for()


def uninstall(page: Page, camera: Camera) -> None:
    """P3b–f in Setup, keeping the copy for 48 hours; without a choice Salesforce refuses."""
    page.get_by_role("link", name="Uninstall").click()
    page.get_by_test_id("salesforce-confirm").click()
    page.get_by_test_id("salesforce-error").get_by_text("copy").wait_for()
    page.get_by_test_id("salesforce-keep").check()
    page.get_by_test_id("salesforce-consent").check()
    camera.take(page, "salesforce-uninstall")
    page.get_by_test_id("salesforce-confirm").click()


def download(page: Page, camera: Camera) -> None:
    """P4: the copy that Setup keeps."""
    expect(page.get_by_test_id("salesforce-copy")).to_contain_text("kept until")
    camera.take(page, "salesforce-uninstalled")
    with page.expect_download() as saved:
        page.get_by_test_id("salesforce-download").click()
    assert saved.value.suggested_filename == "package-data.csv"
