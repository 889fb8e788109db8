"""Tests of the running program."""

import pytest

# What these modules assert is shown as clearly as in a test itself.
pytest.register_assert_rewrite(
    *(f"tests.bot.{name}" for name in ("effects_contract", "jobs", "rig", "store_contract"))
)
