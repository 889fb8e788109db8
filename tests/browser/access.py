"""Whether a page can be used with assistive technology, as far as axe-core can tell."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # has none
from playwright.sync_api import Page


def accessible(page: Page) -> None:
    """Fail on any violation of axe-core's rules, best practices included."""
    found = Axe().run(page)
    assert [one["id"] for one in found.response["violations"]] == [], found.generate_report()
