"""The slash command and its sub-commands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from slack_bolt import App

from handlers import control, payload, replies, start
from handlers.actions import COMMAND, Ref
from handlers.delivery import Delivery
from handlers.modals import control as modals
from handlers.payload import Metadata, is_user_id, too_long
from handlers.ports import Services
from handlers.views.parts import mention, outside
from handlers.wiring import listening
from workflows import commands as c
from workflows.errors import Refused
from workflows.run import Run
from workflows.text import N_
from workflows.values import Role

REASON_MOST = 2_000
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    app.command(COMMAND)(listening(services, command))


def command(delivery: Delivery) -> None:
    """Find the sub-command and let it answer; what is unknown gets the nearest known one."""
    typed = payload.find(delivery.body, "text")
    words = (typed if isinstance(typed, str) else "").split(maxsplit=1)
    word, rest = [*words, "", ""][:2]
    name = word.lower()
    if name == "help":
        _help(delivery, rest)
        return
    sub_command = SUB_COMMANDS.get(name)
    if not delivery.roles:
        _stranger(delivery)
    elif sub_command is None:
        _unknown(delivery, word)
    else:
        sub_command(delivery, rest.strip())


def _begin(delivery: Delivery, _rest: str) -> None:
    """Open the start modal, or show where the active run is."""
    run = delivery.services.engine.active_run()
    if run is not None:
        _show_status(delivery, run)
    elif Role.ADMINISTRATOR in delivery.roles:
        delivery.ack()
        delivery.open(start.view(delivery))
    else:
        delivery.ack()
        delivery.say(replies.no_run(delivery.tr, _last(delivery)))


def _plan(delivery: Delivery, _rest: str) -> None:
    """Have a plan report made for an administrator; show the active run's plan to everybody."""
    services, tr = delivery.services, delivery.tr
    administrator = Role.ADMINISTRATOR in delivery.roles
    told = ""
    if services.reports is not None:
        if administrator:
            told = replies.report_asked(services.reports.ask(delivery.user, delivery.key), tr)
        else:
            told = replies.reports_for(services.people.administrators(), tr)
    run = services.engine.active_run()
    delivery.ack()
    if run is not None:
        delivery.say(*replies.plan(run, _link(delivery, run), tr, told))
    elif administrator and told:
        delivery.say(told)
    else:
        delivery.say(*replies.no_plan(tr, told, may_start=administrator))


def _status(delivery: Delivery, _rest: str) -> None:
    run = delivery.services.engine.active_run()
    if run is not None:
        _show_status(delivery, run)
        return
    delivery.ack()
    delivery.say(replies.no_run(delivery.tr, _last(delivery)))


def _show_status(delivery: Delivery, run: Run) -> None:
    delivery.ack()
    text, blocks = replies.status(run, _link(delivery, run), delivery.tr)
    delivery.say(text, blocks)


def _cancel(delivery: Delivery, _rest: str) -> None:
    delivery.require_administrator()
    run = _active(delivery)
    delivery.ack()
    delivery.open(modals.cancel(run, _metadata(run), delivery.tr))


def _hand_over(delivery: Delivery, rest: str) -> None:
    delivery.require_administrator()
    run = _active(delivery)
    if not rest:
        delivery.ack()
        delivery.open(control.hand_over_view(delivery, run, _metadata(run)))
        return
    person = _person(rest)
    delivery.execute(run.id, control.hand_over_to(delivery, person))
    delivery.ack()
    delivery.say(delivery.tr("{person} is responsible now.", person=mention(person)))


def _person(text: str) -> str:
    match = _MENTION.fullmatch(text)
    found = match[1] if match else text.lstrip("@").upper()
    if not is_user_id(found):
        raise Refused(
            "unknown_person",
            N_("Sunset does not know who “{name}” is.", name=text[:80]),
            N_("Use `/uninstall-salesforce handover` without a name, and choose the person."),
        )
    return found


def _freeze(delivery: Delivery, rest: str) -> None:
    if len(rest) > REASON_MOST:
        raise too_long(REASON_MOST)
    delivery.execute(_active(delivery).id, c.Freeze(reason=rest))
    delivery.ack()
    said = delivery.tr(
        "The run is frozen: nothing leaves Sunset until somebody else, an administrator or an "
        "approver, unfreezes it."
    )
    delivery.say(said)


def _unfreeze(delivery: Delivery, _rest: str) -> None:
    delivery.execute(_active(delivery).id, c.Unfreeze())
    delivery.ack()
    delivery.say(delivery.tr("The run goes on."))


def _audit(delivery: Delivery, _rest: str) -> None:
    services = delivery.services
    run = services.engine.active_run() or _last(delivery)
    delivery.ack()
    if run is None:
        delivery.say(replies.no_run(delivery.tr, None))
        return
    history = services.engine.audit(run.id)
    problems = services.engine.audit_problems(run.id)
    channel = services.audit_channel
    delivery.say(replies.audit(run, history, problems, channel, delivery.tr))


def _help(delivery: Delivery, _rest: str) -> None:
    delivery.ack()
    delivery.say(replies.help_text(delivery.tr))


def _stranger(delivery: Delivery) -> None:
    delivery.ack()
    administrators = delivery.services.people.administrators()
    delivery.say(replies.stranger(administrators, delivery.tr))


def _unknown(delivery: Delivery, word: str) -> None:
    delivery.ack()
    known = [name for name in SUB_COMMANDS if name]
    near = difflib.get_close_matches(word.lower(), known, n=1)
    tr = delivery.tr
    text = tr("There is no sub-command “{word}”.", word=outside(word, 80))
    if near:
        text += " " + tr("Did you mean {command}?", command=f"`{COMMAND} {near[0]}`")
    delivery.say(text + "\n" + replies.help_text(tr))


SUB_COMMANDS: dict[str, Callable[[Delivery, str], None]] = {
    "": _begin,
    "plan": _plan,
    "status": _status,
    "cancel": _cancel,
    "handover": _hand_over,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
    "audit": _audit,
    "help": _help,
}


def _active(delivery: Delivery) -> Run:
    run = delivery.services.engine.active_run()
    if run is None:
        raise Refused(
            "no_active_run",
            N_("No run is active."),
            N_("Start one with `/uninstall-salesforce`."),
        )
    return run


def _last(delivery: Delivery) -> Run | None:
    return next(iter(delivery.services.engine.runs()), None)


def _link(delivery: Delivery, run: Run) -> str | None:
    return delivery.services.engine.message_link(run.id)


def _metadata(run: Run) -> Metadata:
    return Metadata(Ref(run.id, run.prompt_version))
