"""What a reassignment will cost, in words: calls by kind, share of the day, time."""

from __future__ import annotations

from datetime import datetime

from handlers.i18n import Translator
from handlers.views import words
from workflows import forecast as rules
from workflows.run import Run
from workflows.values import Forecast

_DAILY = ("daily_limit", "daily_remaining", "daily_reserve", "resets_at")


def of_mapping(run: Run) -> Forecast:
    """Return what the reassignment would cost as it is chosen now.

    The day's figures are the plan's: nothing newer is read before the job begins.
    """
    cost = rules.forecast(rules.totals(run.to_map), len(run.to_map))
    if run.plan is None:
        return cost
    return cost.model_copy(update={name: getattr(run.plan.forecast, name) for name in _DAILY})


def warning(cost: Forecast, tr: Translator) -> str | None:
    """Say that the day's calls do not suffice, and what happens then; None where they do."""
    if cost.fits_today is not False or cost.daily_remaining is None:
        return None
    usable = tr.number(max(0, cost.daily_remaining - cost.daily_reserve))
    calls = tr.number(cost.calls)
    when = tr.moment(cost.resets_at) if cost.resets_at else tr("at midnight of the account's time")
    return tr(
        "⚠️ *Today's calls to HubSpot do not suffice:* the reassignment needs about {calls}, and "
        "{usable} may be used. It pauses at the reserve by itself and goes on after the reset, "
        "{when}; nothing fails.",
        calls=calls,
        usable=usable,
        when=when,
    )


def duration(cost: Forecast, tr: Translator) -> str:
    """Write how long the reassignment takes, in whole minutes."""
    return words.lead(max(60, -(-cost.seconds // 60) * 60), tr)


def share(cost: Forecast, tr: Translator) -> str:
    """Write which part of today's calls that are left it takes."""
    left = max(1, cost.daily_remaining or 0)
    if 0 < cost.calls * 100 < left:
        return tr("less than 1 %")
    return f"{tr.number(-(-cost.calls * 100 // left))} %"


def lines(cost: Forecast, taken_at: datetime | None, tr: Translator) -> list[str]:
    """Say how long the reassignment takes and how many calls it needs, by kind and of the day."""
    calls = tr.plural("{count} call of HubSpot's API", "{count} calls of HubSpot's API", cost.calls)
    told = [
        tr("*Reassignment takes:* about {time}, {calls}", time=duration(cost, tr), calls=calls),
        tr(
            "Calls by kind: {searches} searches, {reads} readings, {updates} updates, "
            "{checks} checks afterwards",
            searches=tr.number(cost.search_calls),
            reads=tr.number(cost.read_calls),
            updates=tr.number(cost.update_calls),
            checks=tr.number(cost.check_calls),
        ),
    ]
    return told + _of_the_day(cost, taken_at, tr)


def _of_the_day(cost: Forecast, taken_at: datetime | None, tr: Translator) -> list[str]:
    if cost.daily_remaining is None:
        return [tr("The account does not tell how many calls are left today.")]
    left = tr.number(cost.daily_remaining)
    told = tr(
        "{left} calls are left today; this takes {share} of them.", left=left, share=share(cost, tr)
    )
    if cost.daily_reserve:
        reserve = tr.number(cost.daily_reserve)
        told += " " + tr(
            "{reserve} of the day's calls stay in reserve for other integrations.", reserve=reserve
        )
    if cost.daily_limit is not None:
        told += " " + tr("The daily limit is {limit}.", limit=tr.number(cost.daily_limit))
    if taken_at is not None:
        told += " " + tr("(As of {when}.)", when=tr.moment(taken_at))
    return [told]
