"""Makes plan reports one after the other, in the background, and shows how far each is.

A report comes as a direct message to whoever asked. It reads HubSpot and Salesforce and writes
nothing there; what it writes in Slack can be found again, so that a killed process leaves no
second copy and no message that waits for ever.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import TypeVar

import structlog

from bot.effects.context import Context
from bot.effects.plan import Planning
from bot.errors import VendorError
from bot.plan_report.delivery import Direct
from bot.plan_report.journal import Asked, Journal, asked
from handlers.i18n import translator
from handlers.ports import ReportAnswer
from handlers.views.plan import messages
from handlers.views.plan.findings import Findings
from handlers.views.plan.looks import Look
from workflows.errors import Refused, SunsetError
from workflows.text import N_
from workflows.values import Policy, Role

log = structlog.get_logger(__name__)
T = TypeVar("T")
OLDEST = timedelta(hours=1)
"""Nobody waits longer for a report that was interrupted."""
TRIES = 4
PAUSE_SECONDS = 5.0
REMEMBERED = 256
STOP_SECONDS = 8.0


class _Stopping(Exception):
    """The program ends; the report is gone on with at the next start."""


class PlanReports:
    """The reports that are asked for (:class:`handlers.ports.Reports`)."""

    def __init__(self, context: Context, policy: Policy, *, pause: float = PAUSE_SECONDS) -> None:
        self._x = context
        self._policy = policy
        self._pause = pause
        self._journal = Journal(context.settings.sunset_database)
        self._waiting: deque[Asked] = deque()
        self._current: Asked | None = None
        self._answered: deque[str] = deque(maxlen=REMEMBERED)
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plan-reports", daemon=True)

    def start(self) -> None:
        """Go on with what an earlier process left, and wait for more."""
        with self._changed:
            self._waiting.extend(self._journal.unfinished())
        self._thread.start()

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """End; what is under way is gone on with at the next start."""
        self._ending.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(patience)

    def idle(self) -> bool:
        """Say whether nothing is being made and nothing waits."""
        with self._changed:
            return self._current is None and not self._waiting

    # --- asking ----------------------------------------------------------------------------------

    def ask(self, user: str, key: str) -> ReportAnswer:
        """Note durably that *user* wants a report; the same delivery, or a second wish, is one.

        Raises:
            SunsetError: the active run is frozen, or it could not be noted.
        """
        self._refuse_frozen()
        with self._changed:
            if key in self._answered:
                return "asked"
            if any(one.user == user for one in (*self._waiting, self._current) if one):
                return "under_way"
            report = asked(user, self._x.clock.now())
            self._journal.keep(report)
            self._answered.append(key)
            self._waiting.append(report)
            self._changed.notify_all()
        return "asked"

    def _refuse_frozen(self) -> None:
        run = self._x.engine.active_run()
        if run is not None and run.frozen:
            raise Refused(
                "frozen",
                N_("The active run is frozen, and nothing leaves Sunset until it is unfrozen."),
                N_("Ask for the plan report again after that."),
            )

    # --- making ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while (report := self._next()) is not None:
            try:
                if self._finished(report):
                    self._journal.forget(report)
            except Exception:
                # The next report must come, whatever became of this one.
                log.exception("report_left", report=report.id)
            with self._changed:
                self._current = None

    def _next(self) -> Asked | None:
        with self._changed:
            while not self._waiting and not self._ending.is_set():
                self._changed.wait()
            if self._ending.is_set():
                return None
            self._current = self._waiting.popleft()
            return self._current

    def _finished(self, report: Asked) -> bool:
        """Make a report and show it, or say why it could not be made; False: not told yet."""
        direct = Direct(self._x.slack, report, time.monotonic)
        tr = translator(self._x.people.own_locale(report.user))
        try:
            if report.again and self._x.clock.now() - report.at > OLDEST:
                self._patiently(lambda: direct.show(messages.interrupted(tr)))
                return True
            found = self._patiently(lambda: self._found(report, direct))
            self._patiently(lambda: direct.tell(found, tr))
            self._give_files(report, direct, found)
        except _Stopping:
            return False
        except SunsetError as error:
            log.warning("report_failed", report=report.id, code=error.code, ref=error.reference)
            return self._told(report, direct, error)
        except Exception:
            incident = secrets.token_hex(4)
            log.exception("incident", incident=incident, report=report.id)
            return self._told(report, direct, _unforeseen(incident))
        return True

    def _give_files(self, report: Asked, direct: Direct, found: Findings) -> None:
        """Add the files; what was told already stays where they cannot be had."""
        tr = translator(self._x.people.own_locale(report.user))
        try:
            self._patiently(lambda: direct.files(found, tr))
        except SunsetError as refusal:
            log.warning("report_without_files", report=report.id, code=refusal.code)
            error = refusal
            self._patiently(lambda: direct.without_files(error, tr))

    def _told(self, report: Asked, direct: Direct, error: SunsetError) -> bool:
        tr = translator(self._x.people.own_locale(report.user))
        try:
            self._patiently(lambda: direct.show(messages.failed(error, tr)))
        except _Stopping:
            return False
        except SunsetError as untold:
            log.warning("report_failure_not_told", report=report.id, code=untold.code)
        return True

    def _patiently(self, action: Callable[[], T]) -> T:
        """Try again a few times what may go on by itself."""
        for attempt in count():
            try:
                return action()
            except SunsetError as error:
                passing = isinstance(error, VendorError) and error.retryable
                if attempt + 1 == TRIES or not (passing or error.code == "identity_unknown"):
                    raise
                wanted = getattr(error, "retry_after", None) or 0.0
                log.info("report_waits", code=error.code, attempt=attempt + 1)
                if self._ending.wait(max(self._pause * 2**attempt, wanted)):
                    raise _Stopping from error
        raise AssertionError("it returns or raises")

    def _found(self, report: Asked, direct: Direct) -> Findings:
        tr = translator(self._x.people.own_locale(report.user))
        direct.begin(messages.making(None, tr, again=report.again))

        def tell(look: Look) -> None:
            if self._ending.is_set():
                raise _Stopping
            self._refuse_frozen()
            direct.progress(messages.making(look, tr, again=report.again))

        self._require_administrator(report)
        plan, missing = Planning(self._x).make(report.user, tell)
        # Rights may have been taken away meanwhile.
        self._require_administrator(report)
        self._refuse_frozen()
        settings, people = self._x.settings, self._x.people
        return Findings(
            plan=plan,
            asker=report.user,
            policy=self._policy,
            approvers=tuple(people.approvers()),
            members=people.group_members(),
            missing=tuple(note.problem for note in missing),
            requests=settings.sunset_hubspot_requests,
            poll_seconds=max(1, int(settings.sunset_poll_interval.total_seconds())),
        )

    def _require_administrator(self, report: Asked) -> None:
        if Role.ADMINISTRATOR not in self._x.people.roles(report.user):
            raise Refused(
                "administrators_only",
                N_("Only administrators of Sunset may do this."),
                N_("Ask one of them, or ask the operator to add you to SUNSET_ADMINS."),
            )


def _unforeseen(incident: str) -> SunsetError:
    return SunsetError(
        "incident",
        N_("Something went wrong that Sunset did not foresee."),
        N_("Give the reference to the operator of Sunset: the log says more about it."),
        reference=incident,
    )
