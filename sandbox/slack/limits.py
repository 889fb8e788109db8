"""Slack's rate limits: token buckets in real time, one for each method (and channel)."""

from __future__ import annotations

import math
import time

# Calls a minute (facts: Slack, Sending; Slack's tiers 1 to 4). A bucket that is full lets a
# minute's worth of calls through at once, as Slack tolerates bursts.
TIER_2, TIER_3, TIER_4 = 20, 50, 100
UNTIERED = 600
PER_MINUTE: dict[str, int] = {
    "apps.connections.open": 60,
    "auth.test": UNTIERED,
    "chat.delete": TIER_3,
    "chat.deleteScheduledMessage": TIER_3,
    "chat.getPermalink": UNTIERED,
    "chat.postEphemeral": TIER_4,
    "chat.postMessage": 60,
    "chat.scheduleMessage": TIER_3,
    "chat.scheduledMessages.list": TIER_3,
    "chat.update": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.list": TIER_2,
    "conversations.members": TIER_4,
    "conversations.open": TIER_3,
    "conversations.replies": TIER_3,
    "files.completeUploadExternal": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "files.info": TIER_4,
    "usergroups.users.list": TIER_2,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
PER_CHANNEL = {"chat.postMessage"}
POST_BURST = 20


class Limits:
    """The buckets of one workspace."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, method: str, channel: str = "") -> int | None:
        """Take one call; None when it may pass, else seconds for `Retry-After` (at least 1)."""
        per_second = PER_MINUTE[method] / 60
        per_channel = method in PER_CHANNEL
        capacity = float(POST_BURST if per_channel else PER_MINUTE[method])
        key = (method, channel if per_channel else "")
        now = time.monotonic()
        tokens, then = self._buckets.get(key, (capacity, now))
        tokens = min(capacity, tokens + (now - then) * per_second)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            return max(1, math.ceil((1 - tokens) / per_second))
        self._buckets[key] = (tokens - 1, now)
        return None
