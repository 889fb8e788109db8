"""The removal by the bot, through the Metadata API, where no copy is kept (P3f).

Compare the package with what was approved; rehearse; look whether a deployment is under way;
compare again if that took a while; deploy; follow it to its end. Both requests, the rehearsal's
and the deployment's, are sent by :meth:`Removal._ask` alone, and only straight after a memo was
stored that says so; of the deployment the run's record says so too, since it is the point of no
return. Whatever ends in between, an answer that is lost, a killed process, finds the one or the
other and looks for what it may have asked for; it never asks at once again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.effects.context import Context
from bot.effects.package import outdated, sighting
from bot.effects.telling import Telling
from bot.errors import VendorError
from bot.ports import Removal as Deployment
from bot.store.base import QueuedEffect
from bot.worker import Again, Done, Failed
from handlers.ports import Progress
from workflows import commands as c
from workflows.base import Instant, Value
from workflows.rules.package import inventory_digest
from workflows.run import Run
from workflows.states import State

DEPLOY_PAUSE = 2.0
LOOK_PAUSE = 10.0
LONGEST_PAUSE = 300.0
SLOWER = 0.1
"""The longer something takes, the more rarely it is looked at: after this share of the time."""
FRESH = timedelta(minutes=1)
"""A comparison with what was approved holds for so long: the deployment follows within it."""
LOOK_FOR = timedelta(minutes=2)
"""So long a request without an answer is looked for before it counts as not accepted.

It covers the bot's own time-out (30 s), a request that still waits in a proxy, and Salesforce's
list, which may show a deployment some seconds late. To wait costs little: nothing hangs on it.
"""
SHOWN_WITHIN = timedelta(minutes=1)
"""So soon Salesforce tells how a deployment stands that it took."""
CLOCK_SKEW = timedelta(minutes=10)
"""How far Salesforce's clock may be from ours."""
TAKES_AT_MOST = timedelta(days=1)
"""Longer ago than this no deployment that still runs was asked for."""
NO_REHEARSAL = "salesforce_no_rehearsal"
NOT_AVAILABLE = "salesforce_not_available"
_NOT_FOR_US = frozenset({NOT_AVAILABLE, "salesforce_forbidden", "salesforce_refused"})
LONGEST_WHY = 1_000


class Course(Value):
    """How far the removal is: the effect's memo.

    The fields from ``asked`` on are about one request, first the rehearsal's, then the
    deployment's. ``asked``: it may leave from then on; ``known`` are the deployments that were
    there before it. ``looking``: no answer came, it is looked for since. ``id`` is the deployment
    that came of it; ``answered``: Salesforce said so itself. ``user`` is who the bot is to
    Salesforce. ``refused`` counts how often in a row it did not take the request; ``waits`` is
    since when somebody else's deployment is waited for.
    """

    checked: Instant | None = None
    rehearsed: bool = False
    user: str = ""
    asked: Instant | None = None
    known: tuple[str, ...] = ()
    looking: Instant | None = None
    id: str = ""
    answered: bool = False
    refused: int = 0
    waits: Instant | None = None

    def but(self, **changes: Any) -> Course:
        """Return the same with *changes*."""
        return self.model_copy(update=changes)

    def anew(self, **changes: Any) -> Course:
        """Return the same without a request, with *changes*."""
        kept = {"checked", "rehearsed", "user", "refused"}
        return Course(**{**self.model_dump(include=kept), **changes})

    def again(self, after: float, *commands: c.Action) -> Again:
        """Go on from here in so many seconds."""
        trying_again = self.refused > 0
        return Again(after, self.memo(), commands, recovers=not trying_again)

    def memo(self) -> dict[str, Any]:
        """Write it as an effect's memo."""
        return self.model_dump(mode="json", exclude_defaults=True)


@dataclass(frozen=True)
class _Work:
    """One execution: the run as it is now, the effect's attempt, how far it is, and the time."""

    run: Run
    attempt: int
    key: str
    course: Course
    now: datetime

    @property
    def rehearsal(self) -> bool:
        """Whether the present request is the rehearsal's."""
        return not self.course.rehearsed

    @property
    def elapsed(self) -> timedelta:
        """How long ago the request left; a clock that was put back tells nothing."""
        return max(timedelta(0), self.now - (self.course.asked or self.now))

    @property
    def fresh(self) -> bool:
        """Whether the package was compared just now; a clock that was put back proves nothing."""
        checked = self.course.checked
        return checked is not None and timedelta(0) <= self.now - checked <= FRESH


class Removal:
    """Removes the package where that is approved."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._tellers: dict[str, Telling] = {}

    def remove(self, effects: list[QueuedEffect]) -> Done | Again | Failed:
        """Rehearse and deploy the removal, once; a lost reply is looked up, never redone."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        attempt = int(effect.data["attempt"])
        if not _wanted(run, attempt):
            return Done()
        course = Course.model_validate(effect.memo)
        if course == Course():
            course = self._begin(run)
        work = _Work(run, attempt, effect.key, course, self._x.clock.now())
        if course.id:
            return self._follow(work)
        if course.asked and course.looking:
            return self._look(work, course.asked, course.looking)
        if course.asked and effect.attempts:
            # The execution before this one ended in the middle: it may have asked.
            return course.but(looking=work.now).again(0.0)
        if course.checked is None:
            return self._compare(work)
        return self._ask(work) if course.asked else self._arm(work)

    def _begin(self, run: Run) -> Course:
        """Begin, maybe anew after a block: what the record tells still counts."""
        course = Course(rehearsed=bool(run.rehearsal))
        asked = run.deploying
        if asked is None:
            return course
        now = self._x.clock.now()
        return course.but(asked=asked.at, known=asked.known, user=asked.user, looking=now)

    # --- before a request ------------------------------------------------------------------------

    def _compare(self, work: _Work) -> Done | Again:
        """Read the package once more; go on only if it is exactly what was approved."""
        inventory = self._x.salesforce.inventory()
        if inventory is None:
            return Done()  # somebody else removed it; the watch proves that
        approved = work.run.inventory is not None and inventory_digest(work.run.inventory)
        if inventory_digest(inventory) != approved:
            reading = sighting(inventory, work.now)
            return Done(commands=(c.RecordInventory(inventory=inventory, reading=reading),))
        if written := outdated(self._x, work.run):
            return Done(commands=written)
        # The time of the end: however long the reading took, the deployment follows it at once.
        return work.course.but(checked=self._x.clock.now()).again(0.0)

    def _arm(self, work: _Work) -> Again:
        """See what is under way; if nothing is in the way, note that the request leaves now."""
        listed = self._x.salesforce.find_removals(
            work.now - TAKES_AT_MOST, rehearsal=work.rehearsal
        )
        for one in listed:
            if one.id in work.run.failed_removals or _long_over(one, work.now):
                continue
            told = self._told(one.id)
            if told is None or told.rehearsal is not work.rehearsal:
                continue
            running = told.state == "running"
            if running and told.about_package and _may_be_ours(work.course, told):
                adopted = work.course.but(id=told.id, asked=work.now)
                return adopted.again(0.0, *_deploying(work, ()))
            # In front of the deployment wait for anybody's that removes the package, or may, and
            # for one that did: the package may be listed for a moment longer.
            removes = running or told.state == "succeeded"
            if not work.rehearsal and removes and told.about_package is not False:
                since = work.course.waits or work.now
                self._tell(work, told, waits=True)
                pause = _unhurried(work.now - since, LOOK_PAUSE)
                return work.course.but(waits=since).again(pause)
        known = tuple(one.id for one in listed if not _before(one, work.now - 2 * CLOCK_SKEW))
        leaves = work.course.but(asked=work.now, known=known, waits=None)
        return leaves.again(0.0, *_deploying(work, known))

    # --- the request -----------------------------------------------------------------------------

    def _ask(self, work: _Work) -> Done | Again | Failed:
        course = work.course
        if work.run.frozen or self._x.stopping():
            return course.anew().again(DEPLOY_PAUSE, *_held(work))
        if not work.fresh or not (work.rehearsal or work.run.deploying):
            return course.anew(checked=None).again(0.0, *_held(work))
        try:
            begun = self._x.salesforce.start_removal(rehearsal=work.rehearsal)
        except VendorError as error:
            if work.rehearsal and error.code == NO_REHEARSAL:
                why = str(error.problem.args.get("message", ""))
                return self._rehearsed(work, "not_possible", why=why)
            if error.unknown:
                return course.but(looking=self._x.clock.now()).again(LOOK_PAUSE)
            anew = course.anew(checked=None, refused=course.refused + 1)
            return Failed(error, anew.memo(), tuple(_held(work)), attempts=course.refused)
        goes_on = [c.RecordRecovered(job=work.key)] if course.refused else []
        return course.but(id=begun, answered=True, refused=0).again(DEPLOY_PAUSE, *goes_on)

    def _look(self, work: _Work, asked: datetime, since: datetime) -> Again:
        """Look for what has become of a request without an answer, since *since*."""
        course, begun = work.course, False
        for one in self._x.salesforce.find_removals(asked - CLOCK_SKEW, rehearsal=work.rehearsal):
            if one.id in course.known or one.id in work.run.failed_removals:
                continue
            told = self._told(one.id)
            if told is None or told.rehearsal is not work.rehearsal:
                continue
            if told.about_package is False or not _may_be_ours(course, told):
                continue
            if told.about_package or told.state != "running":
                return course.but(id=told.id).again(0.0)
            begun = True  # it names nothing yet: wait until it does
        if begun or work.now - since < LOOK_FOR:
            return course.again(_unhurried(work.now - since, LOOK_PAUSE))
        return course.anew(checked=None).again(0.0, *_held(work))

    # --- after it --------------------------------------------------------------------------------

    def _follow(self, work: _Work) -> Done | Again:
        course = work.course
        try:
            deployment = self._x.salesforce.removal(course.id)
        except VendorError as error:
            if error.code != NOT_AVAILABLE:
                raise
            # Not to be read yet. If that lasts it is told, and looked for on and on.
            if work.elapsed >= SHOWN_WITHIN:
                error.retryable = True
                raise
            return course.again(LOOK_PAUSE)
        self._tell(work, deployment)
        if deployment.state == "running":
            return course.again(_unhurried(work.elapsed, DEPLOY_PAUSE))
        user = deployment.by if course.answered else course.user
        if deployment.state == "succeeded":
            if not work.rehearsal:
                # Even where the package is listed a moment longer: the watch sees.
                told = c.RecordRemovalDeployed(attempt=work.attempt, reference=deployment.id)
                return Done(commands=(told,))
            return self._rehearsed(work, "passed", reference=deployment.id, user=user)
        if work.rehearsal and deployment.impossible:
            why = deployment.impossible
            return self._rehearsed(
                work, "not_possible", reference=deployment.id, why=why, user=user
            )
        if self._x.salesforce.installed_package() is None:
            return Done()  # gone, by another hand or by one that was cancelled too late
        failed = c.RecordRemovalFailed(
            problems=deployment.problems, reference=deployment.id, rehearsal=work.rehearsal
        )
        return Done(commands=(failed,))

    def _rehearsed(
        self,
        work: _Work,
        outcome: Literal["passed", "not_possible"],
        *,
        reference: str = "",
        why: str = "",
        user: str = "",
    ) -> Again:
        told = c.RecordRehearsal(
            attempt=work.attempt, outcome=outcome, reference=reference, why=why[:LONGEST_WHY]
        )
        return work.course.anew(rehearsed=True, user=user).again(0.0, told)

    def _told(self, deployment_id: str) -> Deployment | None:
        """Return what one of the list is about; None: its details are not for us, ours would be."""
        try:
            return self._x.salesforce.removal(deployment_id)
        except VendorError as error:
            if error.retryable or error.code not in _NOT_FOR_US:
                raise
            return None

    def _tell(self, work: _Work, deployment: Deployment, *, waits: bool = False) -> None:
        run_id = work.run.id
        telling = self._tellers.setdefault(run_id, Telling(self._x, run_id))
        progress = Progress(
            done=deployment.done,
            total=deployment.components,
            failed=deployment.errors,
            phase="waiting" if waits else "rehearsing" if work.rehearsal else "removing",
            job=work.attempt,
            label=deployment.id if waits else deployment.detail,
        )
        telling.tell(progress, now=waits or deployment.state != "running")


def _unhurried(elapsed: timedelta, at_least: float) -> float:
    """Return the seconds until the next look at what takes *elapsed* already."""
    return max(at_least, min(LONGEST_PAUSE, SLOWER * elapsed.total_seconds()))


def _deploying(work: _Work, known: tuple[str, ...]) -> list[c.Action]:
    """Put into the record that the deployment leaves now; a rehearsal deletes nothing."""
    if work.rehearsal:
        return []
    user = work.course.user
    return [c.RecordRemovalDeploying(attempt=work.attempt, known=known, user=user)]


def _held(work: _Work) -> list[c.Action]:
    """Take back what :func:`_deploying` said: nothing was deployed."""
    return [] if work.rehearsal else [c.RecordRemovalHeld(attempt=work.attempt)]


def _wanted(run: Run, attempt: int) -> bool:
    """Say whether the run still wants this attempt, and no later one."""
    wanted = run.state is State.REMOVING_PACKAGE and run.bot_removing
    return wanted and run.bot_removal == attempt


def _may_be_ours(course: Course, deployment: Deployment) -> bool:
    """Say whether the bot's user asked for it, as far as that is known; ids have 15 or 18 signs."""
    if not course.user or not deployment.by:
        return True
    return course.user[:15] == deployment.by[:15]


def _long_over(deployment: Deployment, now: datetime) -> bool:
    """Say whether it failed, or ended too long ago to matter."""
    if deployment.state == "running":
        return False
    ended = deployment.completed_at
    return deployment.state == "failed" or ended is None or ended < now - CLOCK_SKEW


def _before(deployment: Deployment, moment: datetime) -> bool:
    return deployment.created_at is not None and deployment.created_at < moment
