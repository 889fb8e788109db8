"""Slack side of Sunset: payloads become commands, runs become Block Kit."""
