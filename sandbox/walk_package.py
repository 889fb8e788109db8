"""The walk's third part: the package in Salesforce is listed, approved and uninstalled (P3)."""

from __future__ import annotations

from sandbox.client import Refused
from sandbox.walk_ids import VALUE, Act, Block, Form
from sandbox.walk_stage import OFFER_SECONDS, Stage

STALLED_SECONDS = 16 * 60
"""After a quarter of an hour the bot takes an uninstall without effect for failed."""
MOST_UNINSTALLS = 20
REMOVAL_SECONDS = 120.0


def choose_copy(stage: Stage, *, keep: bool) -> bool:
    """Read the inventory, back the data up, choose about the copy (P3c–d).

    Returns False without a package. Whoever wants no copy is asked for the backup then.
    """
    if stage.offered_or_over(stage.admin, Act.OPEN_DATA_COPY) is None:
        stage.say("no_package", stage.known("P3c"))
        return False
    reader = stage.approvers[0]
    pages = stage.read_through(reader, Act.OPEN_INVENTORY, Form.INVENTORY)
    stage.say("inventory", stage.known("P3c", verified=True), who=reader.name, pages=pages)
    if keep:
        _back_up(stage, Act.OPEN_DATA_COPY)
    _, asked = stage.offered(stage.admin, Act.OPEN_DATA_COPY)
    modal = stage.open(stage.admin, Act.OPEN_DATA_COPY, Form.DATA_COPY)
    stage.fill(stage.admin, modal, {Block.COPY.value: {VALUE: "keep" if keep else "discard"}})
    if not keep:
        _back_up(stage, Act.CONFIRM_NO_COPY, after=asked.ts)
        stage.press(stage.admin, Act.CONFIRM_NO_COPY)
    stage.notes.keep_copy = keep
    how = stage.known(Block.COPY)
    stage.say("keep" if keep else "discard", how, who=stage.admin.name)
    return True


def _back_up(stage: Stage, then: Act, *, after: str = "0") -> None:
    """Let the bot back the package's data up; *then* is offered once that is verified.

    The offer is taken from a question newer than *after*: an older one may still show its buttons.
    """
    asked = stage.press(stage.admin, Act.START_BACKUP, after=after)
    stage.offered(stage.admin, then, after=asked.ts)
    stage.say("backed_up", who=stage.admin.name)


def approve_removal(stage: Stage) -> None:
    """The sentence of consent is ticked and the removal approved (P3e)."""
    modal = stage.open(stage.admin, Act.OPEN_CONSENT, Form.CONSENT)
    stage.fill(stage.admin, modal, {Block.CONSENT: {VALUE: [Block.CONSENT.value]}})
    approved = []
    for person in stage.approvers:
        act, asked = stage.offered(person, Act.APPROVE, Act.UNINSTALLED)
        if act is Act.UNINSTALLED:
            break
        stage.click(person, asked, Act.APPROVE)
        approved.append(person.name)
    stage.say("consented", who=stage.admin.name, others=", ".join(approved))
    stage.offered(stage.admin, Act.UNINSTALLED)
    stage.say("removal_approved", stage.known(Block.CONSENT))


def uninstall(stage: Stage) -> None:
    """The package is uninstalled, once nothing blocks it any more, and proven gone (P3f)."""
    if stage.notes.keep_copy:
        _in_setup(stage)
    else:
        _by_bot(stage)
    stage.page.wait_for(
        lambda: not stage.page.salesforce.state()["installed"],
        "the package to be gone from Salesforce",
        timeout=REMOVAL_SECONDS,
    )
    stage.offered_or_over(stage.admin, Act.OPEN_DOWNLOADED)
    stage.say("gone", stage.known("P3f", verified=True))


def _in_setup(stage: Stage) -> None:
    """Press Uninstall in Setup; what is refused is reported once, as one who reads no mail does."""
    stage.offered(stage.admin, Act.UNINSTALLED)
    refusals = 0
    for _ in range(MOST_UNINSTALLS):
        try:
            stage.page.salesforce.uninstall(stage.admin.id, keep_copy=True)
        except Refused as refused:
            if refused.code != "uninstall_failed":
                raise
            stage.say("refused_uninstall", lines=stage.plain(str(refused)))
            if not refusals:
                _report_all_the_same(stage)
            refusals += 1
            _resolve(stage)
        else:
            break
    stage.press(stage.admin, Act.UNINSTALLED)
    stage.say("uninstalled", who=stage.admin.name)


def _report_all_the_same(stage: Stage) -> None:
    """The bot finds out by itself that nothing was uninstalled, and asks anew."""
    asked = stage.press(stage.admin, Act.UNINSTALLED)
    stage.page.wait_for(
        lambda: stage.admin.find(Act.UNINSTALLED, stage.place) is None, "the report to be taken"
    )
    stage.page.advance(STALLED_SECONDS, stops=False)
    stage.offered(stage.admin, Act.UNINSTALLED, after=asked.ts)
    stage.say("stalled")


def _by_bot(stage: Stage) -> None:
    """Let the bot remove it; what Salesforce names as blocking is removed in between."""
    after = "0"
    for _ in range(MOST_UNINSTALLS):
        asked = stage.press(stage.admin, Act.REMOVE_BY_BOT, after=after)
        after = asked.ts
        stage.say("bot_removes", who=stage.admin.name)

        def settled(after: str = after) -> str | None:
            if not stage.page.salesforce.state()["installed"]:
                return "gone"
            again = stage.admin.find(Act.REMOVE_BY_BOT, stage.place, after)
            return "refused" if again is not None else None

        show = (stage.admin, stage.place)
        what = "the removal to succeed or to be refused"
        if stage.page.wait_for(settled, what, timeout=OFFER_SECONDS, show=show) == "gone":
            return
        _resolve(stage)


def _resolve(stage: Stage) -> None:
    """Remove everything that is now seen to refer to the package."""
    blockers = stage.page.salesforce.state()["blockers"]
    seen = [one for one in blockers if one["visible"] and not one["resolved"]]
    for blocker in seen:
        stage.page.salesforce.resolve(blocker["id"])
    stage.say("resolved", names=", ".join(stage.plain(str(one["name"])) for one in seen))
