"""Pictures of what a person sees: for the README, and for looking into a test that failed."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page


class Camera:
    """Takes pictures into a folder, or none when there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, name: str) -> None:
        """Save what *page* shows now as `name.png`."""
        if self._folder is not None:
            page.mouse.move(0, 0)
            page.screenshot(path=self._folder / f"{name}.png", animations="disabled", caret="hide")
