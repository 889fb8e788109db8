"""Kill the bot anywhere, start it again: nothing is lost, nothing is done twice (promise 2)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.attacks import Cases
from tests.death.mortal import Reaper, immortal
from tests.death.names import ELSEWHERE, SIDES, every
from tests.death.walking import Walked, walked
from tests.death.walks import WALKS, Walk

pytestmark = [pytest.mark.xdist_group("death"), pytest.mark.timeout(400)]
SHORTEST = "ends"
LIVES = frozenset(f"{name}:{side}" for name in ELSEWHERE for side in SIDES)


def killed(spared: frozenset[str], told: Path, so_far: frozenset[str]) -> Reaper:
    """Let the bot die once at each failpoint that is not spared, also at those in no list."""
    return Reaper(told, so_far | spared)


def same(lived: Walked, died: Walked) -> list[str]:
    return [*lived.trace.differences(died.trace)]


def noticed(walk: Walk, directory: Path) -> tuple[int, list[str]]:
    """Go a walk with a bot that lives and with one that dies: how often, and what differs."""
    lived = walked(walk, directory / "lived", immortal)
    died = walked(walk, directory / "died", partial(killed, LIVES | walk.spared()))
    missed = sorted(walk.share() - set(died.told))
    found = [*lived.trace.wrong, *same(lived, died)]
    return died.deaths, [*found, *(f"no kill at {name}" for name in missed)]


@pytest.mark.attack("2", "SIGKILL of the real process at each commit and around each outside call")
@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
def test_nobody_notices_that_it_died(
    walk: Walk, tmp_path: Path, cases: Cases, thorough: bool
) -> None:
    if walk.name != SHORTEST and not thorough:
        pytest.skip("of the thorough run: pytest -m attack")
    deaths, found = noticed(walk, tmp_path)
    cases.add(deaths)
    assert found == []


def test_each_failpoint_has_a_walk() -> None:
    shares = [walk.share() for walk in WALKS]
    assert frozenset().union(*shares) == every()
    assert sum(map(len, shares)) == len(every())
