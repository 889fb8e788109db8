"""A whole bot against the sandbox's Salesforce over TLS, with its time under control.

The engine, the worker, the effects and the adapter are the real ones; Slack and HubSpot are in
memory, so that what people are told can be read and nothing of step 1 and 2 stands in the way.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest

from bot.store.base import Transaction
from bot.vendors.patience import Patience
from bot.vendors.salesforce import ClientLogin, Salesforce, TokenLogin
from bot.vendors.salesforce_bulk import bulk_of
from handlers.i18n import Translator
from handlers.modals.inventory import inventory
from handlers.payload import Metadata
from handlers.views.buttons import ref_of
from sandbox.scenario import Scenario
from sandbox.slack.blocks import check_blocks
from tests.bot.fakes import Shown
from tests.bot.rig import AUDIT, CHANNEL, PATIENCE_SECONDS, Rig
from tests.stories.site import Naps, Setup, Site, Wire
from tests.workflows import samples
from tests.workflows.people import ANNA, APPROVERS, BELA, CARL, DORA, ROLES
from tests.workflows.speakers import START_QUESTIONS
from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.prompts import Ask, prompt
from workflows.rules.approval import shown
from workflows.rules.disconnect import PHRASE
from workflows.states import State
from workflows.timers import timers
from workflows.values import (
    BOT,
    CORE_OBJECTS,
    Actor,
    Backup,
    Evidence,
    Plan,
    Policy,
    Reason,
)

__all__ = ["ANNA", "BELA", "CARL", "DORA", "Opening", "Stage"]

ADMIN = {"id": "UADA", "name": "Ada", "email": "ada@example.com", "role": "administrator"}
APP = {"consumer_key": "3MVG9.key", "consumer_secret": "the-app's-secret"}
FAVORITES = "HubSpot_Inc__HubSpot_Favorites__c"
MOST_STEPS = 2_000
SHORTEST_LOOK, LONGEST_LOOK = 0.002, 0.01


class Stage(Rig):
    """The bot, its time, and the org it works on."""

    salesforce: Any
    package_data: Any

    def __init__(
        self,
        directory: Path,
        site: Site,
        *,
        package: dict[str, Any] | None = None,
        org: dict[str, Any] | None = None,
        login: Literal["session", "client"] = "session",
        contacts: int = 0,
        now: datetime = samples.START,
        **settings: Any,
    ) -> None:
        usual = {"objects": {"HubSpot_Favorites__c": 12}, "uninstall_seconds": 0}
        scenario = Scenario.model_validate(
            {
                "name": "story",
                "title": "story",
                "people": [ADMIN],
                "salesforce_owners": [{"name": "Otto", "records": {"contacts": contacts}}],
                "package": {**usual, **(package or {})},
                "salesforce": {**APP, **(org or {})},
            }
        )
        self._login = TokenLogin(site.url, scenario.salesforce.access_token)
        self._client = ClientLogin(APP["consumer_key"], APP["consumer_secret"], "acme.my")
        self._renewable = login == "client"
        self._site = site
        self._first_day = now
        self.naps = Naps()
        self.setup = Setup(site, scenario, self._now)
        super().__init__(directory, now, **settings)

    def _now(self) -> datetime:
        clock = getattr(self, "clock", None)
        return self._first_day if clock is None else clock.now()

    # --- the process -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the bot with the real adapter."""
        self.hubspot.salesforce_owners = []
        self.wire: Wire = getattr(self, "wire", None) or Wire(self._site, self.death)
        self.salesforce = Salesforce(
            self._client if self._renewable else self._login,
            adapter=self.wire,
            patience=Patience(sleep=self.naps.sleep, clock=self.naps.clock),
        )
        self.package_data = bulk_of(self.salesforce)
        super().start()

    def stop(self) -> None:
        """End the bot, and its connections."""
        super().stop()
        self.salesforce.close()

    # --- time ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait as the rig does, but look less often: a reading takes a hundred requests."""
        end, pause = time.monotonic() + PATIENCE_SECONDS, SHORTEST_LOOK
        self.worker.wake()
        while not self.death.happened and not self._quiet():
            assert time.monotonic() < end, f"still at work: {self.effects('pending', 'leased')}"
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK)

    def lives(self, span: timedelta) -> None:
        """Let *span* pass, stopping wherever something falls due."""
        end = self.clock.now() + span
        for _ in range(MOST_STEPS):
            self.settle()
            left = (end - self.clock.now()).total_seconds()
            due = self.store.next_due()
            dues = [] if due is None else [due - self.wall()]
            dues += [(one.due - self.clock.now()).total_seconds() for one in timers(self.run)]
            step = max(min([*dues, left]), 0.0)
            if step >= left:
                self.advance(timedelta(seconds=left))
                return
            self.advance(timedelta(seconds=step + 0.001))
        raise AssertionError(f"time does not get on: {self.effects('pending', 'leased')}")

    def until_killed(self) -> None:
        """Let time pass from one thing that is due to the next, until the process is dead."""
        for _ in range(MOST_STEPS):
            self.settle()
            due = None if self.death.happened else self.store.next_due()
            if due is None:
                assert self.death.happened, "nothing is planned any more"
                return
            self.advance(timedelta(seconds=max(due - self.wall(), 0.0) + 0.001))
        raise AssertionError("nobody killed it")

    # --- the way ---------------------------------------------------------------------------------

    def starts(self) -> None:
        """Ask for the uninstall, and wait for the plan."""
        self.does(ANNA, self._start())
        self.settle()

    def starts_planned(self) -> None:
        """Ask for the uninstall, with a plan that did not look at the package.

        That look is the same as in step 3, and no matter of most stories.
        """
        plan = Plan(account=samples.ACCOUNT, taken_at=self.clock.now())
        asks = c.Command(
            actor=Actor(kind="person", id=ANNA), roles=ROLES[ANNA], action=self._start()
        )
        tells = c.Command(actor=BOT, action=c.RecordPlan(plan=plan))

        def both(transaction: Transaction) -> None:
            self.engine.apply(transaction, self.run_id, asks, "start")
            self.engine.apply(transaction, self.run_id, tells, "plan")

        self.store.write(both)
        self.engine.committed()
        self.settle()

    def _start(self) -> c.StartRun:
        return c.StartRun(
            run_id=self.run_id,
            account=samples.ACCOUNT,
            reason=Reason.LEAVING_SALESFORCE,
            confirmed=START_QUESTIONS,
            eligible_approvers=APPROVERS,
            policy=Policy(),
        )

    def disconnects(self) -> None:
        """Approve the plan and disconnect; nothing is to be reassigned."""
        self.approve()
        self.reports_the_disconnect()
        self.until(lambda: self.run.state is not State.DISCONNECTING)
        self.settle()

    def reports_the_disconnect(self) -> None:
        """Say that step 1 is done; the bot looks for itself."""
        self.does(
            ANNA,
            c.ReportDisconnected(
                reason="leaving", phrase=PHRASE, saved_mappings=frozenset(CORE_OBJECTS)
            ),
        )

    def to_choice(self) -> None:
        """Come to the choice about the data copy; the package is listed."""
        self.starts_planned()
        self.disconnects()
        assert self.asks(Ask.CHOOSE_DATA_COPY)

    def approve(self) -> None:
        """Let both approvers say yes."""
        for person in (CARL, DORA):
            self.does(person, c.Approve(shown=shown(self.run)))

    def backs_up(self) -> None:
        """Make a backup, and wait for its end."""
        before = len(self.happened(e.BackupVerified))
        self.does(ANNA, c.StartBackup())
        self.until(lambda: len(self.happened(e.BackupVerified)) > before)

    def chooses(self, *, keep: bool) -> None:
        """Choose about the copy; without one a backup is made, unless there is one."""
        self.does(ANNA, c.ChooseDataCopy(keep=keep))
        if not keep:
            if not self.run.secured:
                self.backs_up()
            self.does(ANNA, c.ConfirmNoCopy())
        self.settle()

    def agrees(self) -> None:
        """Give the consent and the approvals, and wait for what the comparison finds."""
        self.does(ANNA, c.GiveConsent())
        self.approve()
        self.settle()

    def to_removal(self, *, keep: bool = True) -> None:
        """Come to the removal: approved, and compared with what was approved."""
        self.to_choice()
        self.chooses(keep=keep)
        self.agrees()
        assert self.asks(Ask.REMOVE_PACKAGE)

    def presses_uninstall(self, *, keep_copy: bool = True) -> dict[str, Any]:
        """Press *Uninstall* in Setup, and say so."""
        answer = self.setup.uninstall(keep_copy=keep_copy)
        self.does(ANNA, c.ReportUninstalled())
        return answer

    def refuses(self, who: str, action: c.Action, version: int | None = None) -> str:
        """Try what must be refused, perhaps with a button of before; return the refusal's code."""
        roles, length = ROLES[who], len(self.events)
        asked = self.run.prompt_version if version is None else version
        actor = Actor(kind="person", id=who)
        command = c.Command(actor=actor, roles=roles, version=asked, action=action)
        with pytest.raises(Refused) as caught:
            self.engine.execute(self.run_id, command, f"refused:{time.time_ns()}")
        assert len(self.events) == length
        return caught.value.code

    def retries(self) -> None:
        """Press *Try again*."""
        self.does(ANNA, c.Retry())
        self.settle()

    def renews_the_session(self) -> None:
        """Put a new access token into the settings, and start the bot again."""
        self._login = TokenLogin(self._site.url, self.setup.org.sessions.token())
        self.restart()

    # --- what is so ------------------------------------------------------------------------------

    def asks(self, ask: Ask) -> bool:
        """Say whether this is what the run asks now."""
        return prompt(self.run).ask is ask

    def kept(self) -> Backup | None:
        """Return the backup that counts now."""
        return self.run.current_backup

    def proof(self, step: str) -> Evidence:
        """How a step is known to be done."""
        return self.run.evidence[step]

    def told(self, *, of: type[e.Event] | None = None) -> str:
        """Return what the thread shows: all of it, or the newest notice of one kind of event."""
        self.settle()
        shown = [one for one in self.slack.shown if one.channel == CHANNEL]
        if of is not None:
            links = self.store.history(self.run_id)
            seq = max(one.recorded.seq for one in links if isinstance(one.recorded.event, of))
            shown = [self.slack.one(f"{self.run_id}:notice:{seq}")]
        return "\n".join(words(one) for one in shown)

    @property
    def question(self) -> str:
        """Return the message of the prompt now in force."""
        self.settle()
        return words(self.slack.one(f"{self.run_id}:prompt:{self.run.prompt_version}"))

    def inventory_pages(self) -> list[dict[str, Any]]:
        """Return every page of the modal that lists the package, as Slack would get it."""
        run, tr = self.run, Translator("en")
        found: list[dict[str, Any]] = []
        while True:
            view = inventory(run, Metadata(ref_of(run), page=len(found)), tr).to_dict()
            if found and view["blocks"] == found[-1]["blocks"]:
                return found
            found.append(view)

    @property
    def card(self) -> str:
        """Return the control card."""
        self.settle()
        return words(self.slack.one(f"{self.run_id}:card"))

    def check(self) -> None:
        """Check what holds at any time, in every story."""
        assert self.store.problems(self.run_id) == []
        for one in self.slack.shown:
            assert 0 < len(one.text) <= 4_000
            assert check_blocks(one.blocks, "message") == []
        said = "\n".join(words(one) for one in self.slack.shown)
        secrets = (self._login.access_token, *APP.values())
        assert not [secret for secret in secrets if secret in said]
        removed = [row for row in self.setup.deployments() if row["Status"] == "Succeeded"]
        assert len(removed) <= 1
        audited = [one for one in self.slack.shown if one.channel == AUDIT]
        if not self.run.frozen and not self.death.happened:
            lines = [seq for one in audited for seq in one.payload["events"].split(",")]
            assert lines == [str(seq) for seq in range(1, len(self.events) + 1)]


class Opening(Protocol):
    """Opens a stage; what is given stands in the scenario or in the settings."""

    def __call__(self, **given: Any) -> Stage: ...


def words(one: Shown) -> str:
    """Return all that a message says."""
    return "\n".join([one.text, *_texts(one.blocks)])


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = [value["text"]] if isinstance(value.get("text"), str) else []
        return here + [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []
