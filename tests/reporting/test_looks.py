"""The report in a real browser: on a screen, on a phone, on paper, and for assistive technology.

`SUNSET_PICTURES` names a folder for the pictures; `tools/take-pictures` uses it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bot.reporting.render import rendered
from tests.browser.access import accessible
from tests.browser.camera import Camera
from tests.reporting.made import report
from tests.workflows import journeys

PICTURES = os.environ.get("SUNSET_PICTURES")
pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("locale", ["en", "pl"])
@pytest.mark.parametrize("width", [1_100, 390])
def test_it_is_read_by_everybody(
    chromium: Browser, tmp_path: Path, locale: str, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(rendered(report(journeys.to_completed(), locale), "html"))
    context = chromium.new_context(viewport={"width": width, "height": 900})
    errors: list[str] = []
    try:
        page = context.new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "request", lambda asked: errors.append(asked.url) if asked.url[:5] != "file:" else None
        )
        page.goto(path.as_uri())
        # The page does not move sideways; wide tables do, by themselves.
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # axe is a script, which the report's own policy forbids: it is put in from outside.
        accessible(page)
        assert page.get_by_role("table").count() >= 5
        timeline = page.get_by_role(
            "img", name="Timeline of the run" if locale == "en" else "O\u015b"
        )
        assert timeline.bounding_box() is not None
        Camera(Path(PICTURES) if PICTURES else None).take(page, f"run-report-{locale}-{width}")
    finally:
        context.close()
    assert errors == []


def test_it_prints(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(rendered(report(journeys.to_completed()), "html"))
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.goto(path.as_uri())
        page.emulate_media(media="print")
        # Nothing is cut off at the edge of an A4 page with its margins.
        page.set_viewport_size({"width": 688, "height": 971})
        cut = page.evaluate(
            "[...document.querySelectorAll('table, svg, dl')]"
            ".filter((one) => one.getBoundingClientRect().right > innerWidth + 1)"
            ".map((one) => one.outerHTML.slice(0, 200))"
        )
        assert cut == []
        paper = page.pdf(format="A4")
        if PICTURES:
            (Path(PICTURES) / "run-report.pdf").write_bytes(paper)
    finally:
        context.close()
    assert paper.startswith(b"%PDF")
