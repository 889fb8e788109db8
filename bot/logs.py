"""Structured logs: readable at a terminal, JSON elsewhere, and never a secret in them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any

import structlog

from bot.masking import MASK, SECRETS
from bot.terminal import harmless_event

NAMED = frozenset(
    {
        "access_token",
        "assertion",
        "authorization",
        "client_secret",
        "cookie",
        "password",
        "private_key",
        "response_url",
        "secret",
        "signature",
        "token",
        "trigger_id",
    }
)
"""What is logged under such a name is not shown, whatever it is."""


def configure_logs(level: str, secrets: Iterable[str]) -> None:
    """Send everything that is logged, libraries included, to standard error.

    Each of *secrets* is masked wherever it appears, in whatever form (:mod:`bot.masking`). The
    libraries' own debug output can hold tokens (facts/salesforce.md): they never log below WARNING.
    """
    SECRETS.learn(*secrets)
    scrub = _Scrubber()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        scrub,
    ]
    terminal = sys.stderr.isatty()
    rendered: list[Any] = (
        [harmless_event, structlog.dev.ConsoleRenderer()]
        if terminal
        else [structlog.processors.JSONRenderer()]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("bot", "handlers"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("slack_bolt.App").addFilter(_says_something)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _says_something(record: logging.LogRecord) -> bool:
    """Leave out Bolt's warnings that it ignores the token: it gets it with each authorization."""
    return "`token`" not in record.getMessage()


class _Scrubber:
    def __call__(self, logger: Any, name: str, event: Any) -> Any:  # noqa: ARG002 - structlog's
        return self._clean(event)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return SECRETS(value)
        if isinstance(value, dict):
            return {
                self._clean(key): MASK if _hidden(key, item) else self._clean(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._clean(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        # Whatever else it is, a renderer would write its repr.
        return self._clean(repr(value))


def _hidden(name: Any, value: Any) -> bool:
    return bool(value) and isinstance(name, str) and name.lower() in NAMED
