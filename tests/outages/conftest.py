"""The bot with simulated vendors, and its log."""

from __future__ import annotations

from tests.storage.conftest import logged, rig

__all__ = ["logged", "rig"]
