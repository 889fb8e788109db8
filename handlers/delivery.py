"""One delivery of Slack: who it is, what it becomes, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, Protocol

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from handlers import payload
from handlers.actions import Ref
from handlers.i18n import Translator, translator
from handlers.modals import parts
from handlers.payload import Body, Malformed
from handlers.ports import Outcome, Services
from handlers.views.parts import outside
from workflows import commands as c
from workflows.errors import Refused, SunsetError, refuse_not_now
from workflows.prompts import prompt
from workflows.run import Run
from workflows.text import N_
from workflows.values import Actor, Role

log = structlog.get_logger(__name__)

Kind = Literal["command", "click", "view", "options", "event"]
_KINDS: dict[str, Kind] = {
    "block_actions": "click",
    "view_submission": "view",
    "block_suggestion": "options",
    "event_callback": "event",
}
CLOSED = frozenset({"stale_prompt", "run_over", "no_run", "not_now", "malformed_payload"})
"""Refusals after which filling in the same modal again cannot help."""
_OPENED_BEFORE = "exchanged_trigger_id"


class Says(Protocol):
    """Bolt's ``ack`` and ``respond``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answer Slack."""
        ...


class Delivery:
    """A command, click, submission, suggestion or event, with the ways to answer it."""

    def __init__(
        self, services: Services, body: Body, ack: Says, respond: Says, client: WebClient
    ) -> None:
        self.services = services
        self.body = body
        self.client = client
        self._ack = ack
        self._respond = respond

    # Who and what

    @cached_property
    def kind(self) -> Kind:
        """Which kind of payload this is."""
        return _KINDS.get(str(payload.find(self.body, "type")), "command")

    @cached_property
    def user(self) -> str:
        """The Slack user id of the person (:class:`Malformed` if it is missing)."""
        return payload.user_of(self.body)

    @cached_property
    def roles(self) -> frozenset[Role]:
        """What the person may do, looked up for this delivery."""
        return self.services.people.roles(self.user)

    @cached_property
    def tr(self) -> Translator:
        """The person's language; the channels' one where it is not known who it is."""
        try:
            return translator(self.services.people.locale(self.user))
        except Malformed:
            return translator(self.services.channel_locale)

    @cached_property
    def ref(self) -> Ref:
        """The run and prompt version that a click or submission refers to."""
        return payload.ref_of(self.body)

    @cached_property
    def key(self) -> str:
        """The delivery key: the same for every delivery of the same act of a person."""
        if self.kind == "click":
            return payload.click_key(self.body)
        if self.kind == "view":
            return payload.view_key(self.body)
        return payload.command_key(self.body)

    @property
    def in_modal(self) -> bool:
        """Whether this came from an open modal."""
        return bool(payload.find(self.body, "view", "type") == "modal")

    # What it becomes

    def execute(self, run_id: str, action: c.Action, version: int | None = None) -> Outcome:
        """Carry the action out, durably, once for this delivery (:class:`SunsetError`)."""
        actor = Actor(kind="person", id=self.user)
        people = self.services.people
        command = c.Command(
            actor=actor,
            roles=self.roles,
            groups=people.groups(self.user),
            approvers_now=frozenset(people.approvers()),
            members_now=people.group_members(),
            version=version,
            action=action,
        )
        return self.services.engine.execute(run_id, command, self.key)

    def answer(self, action: c.Action) -> Outcome:
        """Carry out an answer to the prompt that the button or modal belongs to."""
        return self.execute(self.ref.run_id, action, self.ref.version)

    def require(self, *roles: Role) -> None:
        """Refuse people who have none of *roles* before anything is shown to them."""
        if self.roles.isdisjoint(roles):
            raise Refused(
                "not_for_you",
                N_("This is only for the administrators and approvers of Sunset."),
                N_("Ask one of them, or ask the operator to add you."),
            )

    def require_administrator(self) -> None:
        """Refuse everybody but administrators, in the words of the rules."""
        if Role.ADMINISTRATOR not in self.roles:
            raise Refused(
                "administrators_only",
                N_("Only administrators of Sunset may do this."),
                N_("Ask one of them, or ask the operator to add you to SUNSET_ADMINS."),
            )

    def require_approver(self) -> None:
        """Refuse everybody but approvers, in the words of the rules."""
        if Role.APPROVER not in self.roles:
            raise Refused(
                "approvers_only",
                N_("Only approvers may do this."),
                N_("Ask one of them, or ask the operator to add you to SUNSET_APPROVERS."),
            )

    def run(self) -> Run:
        """Return the run that the button or modal refers to; :class:`Refused` for unknown ones."""
        run = self.services.engine.run(self.ref.run_id)
        if run is None:
            raise Refused(
                "no_run",
                N_("There is no such run."),
                N_("Start one with `/uninstall-salesforce`."),
            )
        return run

    def active_run(self) -> Run:
        """Return the run referred to, unless it is over (:class:`Refused`)."""
        run = self.run()
        if run.state.final:
            raise Refused(
                "run_over",
                N_("This run is over ({state}).", state=run.state.value),
                N_("Start a new one with `/uninstall-salesforce` if that is needed."),
            )
        return run

    def question(self, action: type[c.Action]) -> Run:
        """Return the run if a modal for *action* is worth opening now (:class:`Refused` if not).

        A courtesy only, so that nobody fills in what cannot be taken: the rules decide again.
        """
        if action.by == "approver":
            self.require_approver()
        elif action.by == "either":
            self.require(Role.ADMINISTRATOR, Role.APPROVER)
        else:
            self.require_administrator()
        run = self.active_run()
        asked = prompt(run)
        if self.ref.version != asked.version:
            raise Refused(
                "stale_prompt",
                N_("This question is no longer open: the run has moved on."),
                N_("Answer the latest message in the thread."),
            )
        if action.__name__ not in asked.choices:
            raise refuse_not_now(action.__name__, run.state.value)
        return run

    # Answers

    def ack(self, **answer: Any) -> None:
        """Acknowledge; Slack waits three seconds for it."""
        self._ack(**answer)

    def say(self, text: str, blocks: list[Block] | None = None) -> None:
        """Say something that only this person sees; acknowledge first.

        It is lost when Slack takes it no more (facts/slack.md: 5 uses, 30 minutes); then only the
        log has it, since what it tells about is recorded already.
        """
        thread = payload.find(self.body, "message", "thread_ts") or payload.find(
            self.body, "container", "thread_ts"
        )
        more: dict[str, Any] = {"thread_ts": thread} if isinstance(thread, str) else {}
        if blocks:
            more["blocks"] = blocks
        try:
            reply = self._respond(
                text=text, response_type="ephemeral", replace_original=False, **more
            )
        except (OSError, ValueError, SlackClientError) as error:
            log.warning("answer_not_delivered", kind=self.kind, error=str(error))
            return
        if getattr(reply, "status_code", 200) != 200:
            log.warning("answer_not_delivered", kind=self.kind, status=reply.status_code)

    def tell(self, text: str) -> None:
        """Say something, in a modal where there is no message to answer to; acknowledge first."""
        self._show(parts.message(self.tr, "Sunset", text), text, instead=False)

    def open(self, view: View) -> None:
        """Open a modal; acknowledge first.

        Raises:
            SunsetError: Slack did not open it (a trigger lives for 3 seconds).
        """
        trigger = payload.text_at(self.body, "trigger_id")
        show = self.client.views_push if self.in_modal else self.client.views_open
        try:
            show(trigger_id=trigger, view=view)
        except SlackApiError as error:
            code = str(error.response.get("error"))
            if code != _OPENED_BEFORE:
                raise _not_shown(code) from error

    def redraw(self, draw: Callable[[], View]) -> None:
        """Show the modal anew; acknowledge first. The newest state wins a race for it.

        Raises:
            SunsetError: Slack did not take it.
        """
        view_id = payload.text_at(self.body, "view", "id")
        known = payload.text_at(self.body, "view", "hash")
        code = self._update(draw, view_id=view_id, hash=known)
        if code == "hash_conflict":
            code = self._update(draw, view_id=view_id)
        if code:
            raise _not_shown(code)

    def _update(self, draw: Callable[[], View], **which: str) -> str:
        """Update a modal; return Slack's error code, '' for none."""
        try:
            self.client.views_update(view=draw(), **which)
        except SlackApiError as error:
            return str(error.response.get("error"))
        return ""

    def refuse(self, error: SunsetError) -> None:
        """Acknowledge, and tell the person what is wrong and what to do."""
        self._note(error)
        title, text = self.tr("That did not work"), sentence(self.tr, error)
        view = parts.message(self.tr, title, text, error=True)
        if self.kind == "view":
            self.ack(response_action="update", view=view)
        elif self.kind == "options":
            self.ack(options=[])
        else:
            self.ack()
            self._show(view, text, instead=error.code in CLOSED)

    def _show(self, view: View, text: str, *, instead: bool) -> None:
        """Show *text*, or as a modal *view* where there is no message to answer to."""
        if payload.find(self.body, "response_url"):
            self.say(text)
        elif self.kind == "click":
            try:
                if self.in_modal and instead:
                    self.redraw(lambda: view)
                else:
                    self.open(view)
            except SunsetError as error:
                log.warning("answer_not_delivered", kind=self.kind, error=str(error))

    def submit(
        self,
        take: Callable[[], None],
        *,
        at: Mapping[str, str],
        again: Callable[[str], View],
        done: Callable[[], View] | None = None,
    ) -> None:
        """Let *take* carry a submission out, then close the modal, or show *done* in its place.

        A refusal keeps what was filled in: *at* says which input a code belongs to; others stand
        above the inputs of the modal that *again* makes. What cannot be mended in this modal takes
        its place.
        """
        try:
            take()
        except SunsetError as error:
            if error.code in CLOSED:
                raise
            self._note(error)
            if error.code in at:
                errors = {at[error.code]: plainly(self.tr, error)}
                self.ack(response_action="errors", errors=errors)
            else:
                view = again(sentence(self.tr, error))
                self.ack(response_action="update", view=view)
            return
        if done is None:
            self.ack()
        else:
            self.ack(response_action="update", view=done())

    def _note(self, error: SunsetError) -> None:
        who = payload.find(self.body, "user", "id") or payload.find(self.body, "user_id")
        log.info("refused", kind=self.kind, code=error.code, ref=error.reference, user=who)


def sentence(tr: Translator, error: SunsetError) -> str:
    """Say a refusal in mrkdwn: problem, remedy, and the reference if there is one."""
    said = f"{tr.text(error.problem)} {tr.text(error.remedy)}"
    if error.reference:
        said += " " + tr("(Reference: {reference})", reference=outside(error.reference))
    return said


def plainly(tr: Translator, error: SunsetError) -> str:
    """Say a refusal in plain text."""
    problem = tr.text(error.problem, escape=False)
    return f"{problem} {tr.text(error.remedy, escape=False)}"


def _not_shown(code: str) -> SunsetError:
    return SunsetError(
        "view_not_shown",
        N_("Slack did not show the window."),
        N_("Try again; what you did before is kept."),
        reference=code,
    )
