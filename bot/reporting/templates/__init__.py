"""The layouts of a report. What comes from outside is escaped wherever it stands."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from bot.reporting.document import Code, Items, Mark, Pairs, Paragraph, Picture

if TYPE_CHECKING:
    from jinja2 import Environment


def filled(name: str, **values: object) -> str:
    """Fill a layout of this folder; every value is escaped for HTML and SVG."""
    return _layouts().get_template(f"{name}.j2").render(**values)


@cache
def _layouts() -> Environment:
    # It takes long to import, and most commands never report.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - as said

    layouts = Environment(
        loader=PackageLoader("bot.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kinds = (Paragraph, Items, Pairs, Picture, Mark, Code)
    for kind in kinds:
        layouts.tests[kind.__name__.lower()] = partial(_is, kind)  # type: ignore[assignment]  # any
    return layouts


def _is(kind: type, value: object) -> bool:
    return isinstance(value, kind)
