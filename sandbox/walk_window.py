"""The walk's last part: the 48 hours of the data copy, with every reminder (P4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from sandbox.client import Message, Person, Place
from sandbox.walk_card import dates, heading
from sandbox.walk_ids import VALUE, Act, Block, Form
from sandbox.walk_stage import Stage

LEADS = (24 * 3600, 12 * 3600, 4 * 3600, 3600, 900)
"""Seconds before the end at which is reminded: SUNSET_REMINDERS by default."""
APPROVERS_FROM = 4 * 3600
"""From this lead on the approvers are reminded too."""
SECONDS_AFTER_DUE = 20
REMINDER_SECONDS = 60.0
LAST_GRACE = 200
"""Past this long after the last reminder's time, none can come twice any more."""

Key = tuple[str, str]


def wait_out(stage: Stage, *, let_end: bool) -> None:
    """Let every reminder come, then download the copy, or let the window end."""
    _, asked = stage.offered(stage.admin, Act.OPEN_DOWNLOADED)
    deadline = _deadline(stage, asked)
    _see_laid(stage)
    stage.press(stage.admin, Act.WHO_ELSE)
    stage.say("who_else", who=stage.admin.name)
    for lead in LEADS:
        _until(stage, deadline - lead + SECONDS_AFTER_DUE)
        _see_reminder(stage, lead)
    _until(stage, deadline - LEADS[-1] + LAST_GRACE)
    if let_end:
        _until(stage, max(dates(asked.said)) + 1)
    else:
        _download(stage)
    stage.page.wait_for(stage.over, "the end of the run", timeout=REMINDER_SECONDS)
    if let_end:
        stage.notes.downloaded = False
        stage.say("window_ended")
        stage.say("completed")
    else:
        stage.say("completed", stage.known(Block.WHERE))


def _deadline(stage: Stage, asked: Message) -> int:
    """Return the deadline that the question shows: the earlier of the times ahead in it.

    The later one is when the copy is surely gone.
    """
    deadline = min(date for date in dates(asked.said) if date > stage.page.now())
    stage.notes.deadline = deadline
    until = str(stage.page.salesforce.state()["copy"]["until"])
    kept = datetime.fromisoformat(until).timestamp() if until != "None" else 0.0
    stage.say("deadline", until=_moment(deadline), kept=_moment(kept))
    return deadline


def _moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _recipients(stage: Stage, lead: int) -> list[Place]:
    """Return where a reminder comes: the thread, the responsible person, later the approvers."""
    places = [stage.place, Place(stage.admin.id)]
    if lead <= APPROVERS_FROM:
        places += [Place(person.id) for person in stage.approvers]
    return places


def _see_laid(stage: Stage) -> None:
    """Every reminder lies in Slack beforehand, so that it comes even when the bot is down."""
    wanted = sum(len(_recipients(stage, lead)) for lead in LEADS)
    stage.page.wait_for(
        lambda: len(stage.page.scheduled()) >= wanted,
        f"{wanted} scheduled reminders",
        timeout=REMINDER_SECONDS,
    )
    stage.say("laid", count=len(stage.page.scheduled()))


def _until(stage: Stage, moment: float) -> None:
    stage.page.advance(moment - stage.page.now(), stops=False)


def _see_reminder(stage: Stage, lead: int) -> None:
    """Wait for one reminder in every place where it must come."""
    places = _recipients(stage, lead)

    def come() -> dict[str, str] | None:
        found = {place.channel: _newest(stage, place) for place in places}
        fresh = {
            channel: text
            for channel, text in found.items()
            if text is not None and (channel, text) not in stage.notes.reminders
        }
        return fresh if len(fresh) == len(places) else None

    what = f"the reminder {lead} s before the end, in {len(places)} places"
    show = (stage.admin, stage.place)
    fresh = stage.page.wait_for(come, what, timeout=REMINDER_SECONDS, show=show)
    for channel, text in fresh.items():
        stage.notes.reminders[channel, text] = 0
    shown = stage.plain(fresh[stage.channel])
    stage.say("reminder", shown, lead=_length(lead), count=len(places))


def _newest(stage: Stage, place: Place) -> str | None:
    found = [text for message in _viewer(stage, place).sees(place) if (text := _reminds(message))]
    return found[-1] if found else None


def _viewer(stage: Stage, place: Place) -> Person:
    people = [stage.admin, *stage.approvers]
    return next((person for person in people if person.id == place.channel), stage.admin)


def _reminds(message: Message) -> str | None:
    return heading(message.said) if message.by_bot and not message.ephemeral else None


def _length(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


def count_reminders(stage: Stage) -> Counter[Key]:
    """Count the reminders that came, by place and heading."""
    people: Sequence[Person] = [stage.admin, *stage.approvers]
    places = [stage.place, *(Place(person.id) for person in people)]
    return Counter(
        (place.channel, text)
        for place in places
        for message in _viewer(stage, place).sees(place)
        if (text := _reminds(message)) is not None
    )


def _download(stage: Stage) -> None:
    """Say where the copy was put; nothing said is refused."""
    modal = stage.open(stage.admin, Act.OPEN_DOWNLOADED, Form.DOWNLOADED)
    said = stage.refused_in(modal, {Block.WHERE: {VALUE: "   "}}, Block.WHERE)
    stage.say("empty_place", said)
    where = {Block.WHERE.value: {VALUE: "Vault “CRM exports”, box 12 & backup <2026>"}}
    stage.fill(stage.admin, modal, where)
    stage.say("downloaded", who=stage.admin.name)
