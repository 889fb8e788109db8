"""Reports made of conversations, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from bot.reporting.build import build
from bot.reporting.collect import Failed, Material
from bot.reporting.model import Report
from bot.store.base import LedgerFlow
from handlers.i18n import translator
from tests.bot.rig import chained
from tests.workflows import journeys
from tests.workflows.driver import Conversation

NAMES = {"UA": "Anna Berg", "UC": "Carl Czerny", "UD": "Dora Diaz"}
JOURNEYS = sorted(name for name in vars(journeys) if name.startswith("to_"))


def material(
    talk: Conversation,
    flows: Sequence[LedgerFlow] = (),
    failed: Sequence[Failed] = (),
    check: Literal["intact", "changed", "unchecked"] = "intact",
    problems: tuple[str, ...] = (),
) -> Material:
    history = chained(talk.run.id, talk.history)
    return Material(history, flows, failed, check, problems)


def report(
    talk: Conversation,
    locale: str = "en",
    names: Mapping[str, str] = NAMES,
    flows: Sequence[LedgerFlow] = (),
    failed: Sequence[Failed] = (),
) -> Report:
    return build(material(talk, flows, failed), names, translator(locale))


def journey(name: str) -> Conversation:
    talk: Conversation = getattr(journeys, name)()
    return talk
