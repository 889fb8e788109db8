"""What the process has done of which every bot is a fork: all that takes long at a start."""

from __future__ import annotations

import gc

import hubspot
import pytest
import slack_bolt

import bot.cli
import bot.program
import bot.store.schema
import tests.death.mortal
from handlers.i18n import translator

__all__ = ["bot", "hubspot", "pytest", "slack_bolt", "tests"]

for language in ("en", "pl"):
    translator(language)
# What is never looked through again is never copied by a fork.
gc.collect()
gc.freeze()
