"""The command line where somebody mistypes, asks for the version, or for completion."""

from __future__ import annotations

import pytest

from tests.bot.test_cli import Sunset


def test_the_version(sunset: Sunset) -> None:
    said = sunset("--version")
    assert said.status == 0
    assert said.out.startswith("sunset ")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("docter",), "doctor"),
        (("reprot", "R1"), "report"),
        (("runs", "lst"), "list"),
        (("audit", "verfy"), "verify"),
        (("db", "restor", "x"), "restore"),
    ],
)
def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(
    sunset: Sunset, words: tuple[str, ...], meant: str
) -> None:
    said = sunset(*words)
    assert said.status == 2
    assert f"Did you mean '{meant}'?" in said.flat


@pytest.mark.parametrize(
    ("words", "meant"),
    [(("doctor", "--jsn"), "--json"), (("report", "R1", "--fromat", "html"), "--format")],
)
def test_a_mistyped_option_too(sunset: Sunset, words: tuple[str, ...], meant: str) -> None:
    said = sunset(*words)
    assert said.status == 2
    assert meant in said.flat


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered(sunset: Sunset, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    said = sunset("--show-completion", shell)
    assert said.status == 0
    assert "sunset" in said.out
