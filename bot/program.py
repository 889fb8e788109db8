"""Composition: the one place where the parts are put together, started and stopped."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode.base_handler import BaseSocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError, SlackClientError

from bot import failpoints, metrics
from bot.audit.checkpoint import LOOK_SECONDS, Checkpoints
from bot.backup.source import Source
from bot.effects.backup import BackingUp
from bot.effects.context import CARD, Context
from bot.effects.files import FilesInThread
from bot.effects.messages import Messages
from bot.effects.owners import OwnerChecks
from bot.effects.package import PackageWork
from bot.effects.plan import Planning
from bot.effects.reassignment import Reassignment
from bot.effects.reminders import Reminders
from bot.effects.removal import Removal
from bot.effects.sync import SyncWatch
from bot.engine import REFRESH_PAUSE, Engine
from bot.errors import VendorError
from bot.homes import Homes
from bot.metrics_server import MetricsServer
from bot.owners import OwnerList
from bot.people import People
from bot.plan_report.reports import PlanReports
from bot.ports import Clock, HubSpotPort, SalesforcePort
from bot.readiness import http_mode, missing
from bot.settings import Settings
from bot.socket_mode import socket_mode
from bot.standing import Standing
from bot.store.base import Store
from bot.store.chain import Chain
from bot.store.lock import DatabaseLock
from bot.store.sqlite import SqliteStore
from bot.timers import OWNERS_SECONDS, PEOPLE_SECONDS, TICK_SECONDS, Alarm
from bot.vendors.connect import connect_hubspot, connect_salesforce
from bot.vendors.salesforce_bulk import bulk_of
from bot.vendors.slack import Slack, app_token_refused, unreachable, web_client
from bot.worker import Handler, Worker
from handlers.i18n import translator
from handlers.ports import Services
from handlers.register import register
from workflows.errors import SunsetError
from workflows.text import N_
from workflows.values import Account, Policy

log = structlog.get_logger(__name__)
NAME = "sunset"
LISTENERS = 32
SOCKET_THREADS = 32
FIRST_ANSWER_PAUSE = 5.0


class Startup(SunsetError):
    """The program cannot start; every reason is named at once."""


class Program:
    """The running bot. ``start`` connects it, ``stop`` ends it cleanly."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._http = http_mode(settings, self._missing)
        self._lock = DatabaseLock(settings.sunset_database)
        self.store: Store = self._open(settings)
        self._web = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        self.slack = failpoints.around("slack", Slack(self._web))
        self.hubspot: HubSpotPort = failpoints.around("hubspot", connect_hubspot(settings))
        salesforce = connect_salesforce(settings)
        self.salesforce: SalesforcePort = failpoints.around("salesforce", salesforce)
        self.package_data: Source = failpoints.around("package_data", bulk_of(salesforce))
        self.people = People(settings, self.slack)
        self.owners = OwnerList(self.hubspot.active_owners)
        self._alarm = Alarm()
        self._socket: BaseSocketModeHandler | None = None
        self._worker: Worker | None = None
        self._reports: PlanReports | None = None
        self._homes = Homes(settings.sunset_database, self.slack)
        self._metrics: MetricsServer | None = None
        self._standing: Standing | None = None
        self._listeners = ThreadPoolExecutor(LISTENERS, thread_name_prefix="listener")
        self._stopping = threading.Event()

    def _open(self, settings: Settings) -> Store:
        try:
            store = SqliteStore(settings.sunset_database, Chain(settings.audit_keys), locked=True)
        except BaseException:
            self._lock.release()
            raise
        try:
            self._lock.opened()
        except BaseException:
            store.close()
            raise
        return store

    # --- start ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Check every credential, then listen.

        Raises:
            SunsetError: the program cannot start; the text names every reason and its remedy.
        """
        self.store.require_keys()
        if self._http is not None:
            self._http.open()
        workspace, account = self._check()
        engine = Engine(self.store, self.clock, account.portal_id, refresh_pause=REFRESH_PAUSE)
        engine.link_of = lambda run_id: self._link(workspace, run_id)
        context = Context(
            settings=self.settings,
            store=self.store,
            engine=engine,
            clock=self.clock,
            slack=self.slack,
            hubspot=self.hubspot,
            salesforce=self.salesforce,
            package_data=self.package_data,
            translator=translator(self.settings.sunset_locale),
            people=self.people,
            owners=self.owners,
            stopping=self._stopping.is_set,
        )
        self._worker = Worker(self.store, engine, handlers(context))
        engine.on_commit(self._worker.wake)
        engine.on_commit(self._homes.changed)
        self.engine = engine
        self._reports = PlanReports(context, policy(self.settings))
        # Nobody has a role until Slack has said who they are.
        self.people.refresh()
        services = self._services(engine, account)
        self._listen(services)
        self._worker.start()
        self._reports.start()
        self._homes.start(services)
        self._serve_metrics(engine)
        self._alarm.every(TICK_SECONDS, engine.fire_due_timers, "timers")
        self._alarm.every(PEOPLE_SECONDS, self.people.refresh, "people")
        self._alarm.every(OWNERS_SECONDS, self.owners.refresh, "owners")
        checkpoints = Checkpoints(self.store, self.slack, self.clock, context.translator)
        self._alarm.every(LOOK_SECONDS, checkpoints.look, "checkpoints")
        self._alarm.start()
        self._listeners.submit(self._warm_up)
        log.info("ready", account=account.portal_id)

    def _serve_metrics(self, engine: Engine) -> None:
        """Answer Prometheus and health checks, where a port is set for them."""
        port = self.settings.sunset_metrics_port
        if port is None:
            return
        self._standing = Standing(self.store, engine, self.hubspot, self.clock.now)
        metrics.REGISTRY.register(self._standing)
        host = self.settings.sunset_metrics_host
        self._metrics = MetricsServer(host, port, metrics.REGISTRY, self._missing)
        self._metrics.start()

    def _warm_up(self) -> None:
        try:
            self.owners.refresh()
        except SunsetError as error:
            log.warning("warm_up_failed", code=error.code)
        # What is there now stays: looking through it again and again would hold up clicks.
        gc.freeze()

    def _services(self, engine: Engine, account: Account) -> Services:
        settings = self.settings
        return Services(
            engine=engine,
            people=self.people,
            owners=self.owners,
            clock=self.clock,
            account=account,
            policy=policy(settings),
            channel=settings.sunset_channel,
            channel_locale=settings.sunset_locale,
            audit_channel=settings.sunset_audit_channel,
            files=self.slack,
            reports=self._reports,
            homes=self._homes,
            acknowledged=metrics.ACKNOWLEDGEMENT_SECONDS.observe,
        )

    def _listen(self, services: Services) -> None:
        def authorize() -> AuthorizeResult:
            """Bolt would else ask Slack about the token inside the first click.

            It passes what it finds in the signature, even a method's ``self``: hence a function.
            """
            return self.slack.authorization()

        app = App(
            # Without a name Bolt looks for the caller's file: a tenth of the time to be ready.
            name=NAME,
            client=self._web,
            authorize=authorize,
            listener_executor=self._listeners,
        )
        register(app, services)
        if self._http is not None:
            self._http.take(app, self.settings.sunset_locale)
            return
        if self.settings.slack_app_token is None:
            raise app_token_refused("missing")
        token = self.settings.slack_app_token.get_secret_value()
        web = web_client(token, self.settings.slack_api_url)
        self._socket = socket_mode(app, token, web, SOCKET_THREADS, self.settings.sunset_locale)
        failpoints.around_answers(app, self._socket.client)
        try:
            self._socket.client.connect()
        except SlackApiError as error:
            raise app_token_refused(str(error.response.get("error", "refused"))) from error
        except (SlackClientError, OSError) as error:
            raise unreachable(error) from error

    def _check(self) -> tuple[str, Account]:
        """Ask all three services at once; name everything that refuses."""
        with ThreadPoolExecutor(3) as pool:
            slack = pool.submit(self._check_slack)
            hubspot = pool.submit(self.hubspot.account)
            salesforce = pool.submit(self.salesforce.installed_package)
        refusals = [_refusal(future) for future in (slack, hubspot, salesforce)]
        fatal = [refusal for refusal in refusals if refusal is not None and not _passing(refusal)]
        if fatal:
            told = translator(self.settings.sunset_locale)
            sentences = "\n".join(
                f"- {told.text(one.problem, escape=False)} {told.text(one.remedy, escape=False)}"
                for one in fatal
            )
            raise Startup(
                "cannot_start",
                N_("Sunset cannot start:\n{reasons}", reasons=sentences),
                N_("`sunset doctor` checks everything once more."),
            )
        for refusal in refusals:
            if refusal is not None:
                log.warning("service_away", code=refusal.code)
        workspace = slack.result() if refusals[0] is None else ""
        account = hubspot.result() if refusals[1] is None else self._known_account()
        return workspace, account

    def _check_slack(self) -> str:
        workspace = self.slack.who_am_i()
        for channel in {self.settings.sunset_channel, self.settings.sunset_audit_channel}:
            try:
                self.slack.check_channel(channel)
            except VendorError as error:
                if not error.missing:
                    raise
                # Without it a lost reply cannot be looked up; everything else goes on.
                log.warning("capability_missing", capability=error.missing, channel=channel)
        return workspace

    def _known_account(self) -> Account:
        """HubSpot is away: go on with the account of the newest run, or wait for HubSpot."""
        for run_id in self.store.run_ids():
            run = self.store.run(run_id)
            if run is not None:
                return run.account
        while not self._stopping.wait(FIRST_ANSWER_PAUSE):
            try:
                return self.hubspot.account()
            except VendorError as error:
                if not _passing(error):
                    raise
                log.warning("service_away", code=error.code)
        raise Startup(
            "stopped",
            N_("HubSpot did not answer before the bot was stopped."),
            N_("Start it again when HubSpot answers."),
        )

    def _link(self, workspace: str, run_id: str) -> str | None:
        card = self.store.message(run_id, CARD)
        if card is None or not workspace:
            return None
        return f"{workspace.rstrip('/')}/archives/{card.channel}/p{card.ts.replace('.', '')}"

    def _missing(self) -> list[str]:
        database = self.settings.sunset_database
        return missing(self.store, database, self._worker, self._alarm, self.people)

    def request_stop(self) -> None:
        """Let whatever waits at the start give up; ``stop`` follows."""
        self._stopping.set()

    # --- stop ----------------------------------------------------------------------------------

    def stop(self) -> None:
        """Take no more work, finish what is under way, close."""
        self._stopping.set()
        if self._socket is not None:
            self._socket.client.close()
        if self._http is not None:
            self._http.close()
        if self._metrics is not None:
            self._metrics.stop()
        if self._standing is not None:
            metrics.REGISTRY.unregister(self._standing)
        self._alarm.stop()
        self._listeners.shutdown(wait=False, cancel_futures=True)
        self._homes.stop()
        if self._reports is not None:
            self._reports.stop()
        if self._worker is not None:
            self._worker.stop()
        self.people.close()
        self.store.close()
        self._lock.release()
        log.info("stopped")

    def __enter__(self) -> Program:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def handlers(context: Context) -> dict[str, Handler]:
    """Return what carries out each kind of effect."""
    messages, reminders = Messages(context), Reminders(context)
    files = FilesInThread(context)
    package, jobs, owners = PackageWork(context), Reassignment(context), OwnerChecks(context)
    return {
        "card": messages.card,
        "prompt": messages.prompt,
        "close_prompt": messages.close_prompt,
        "notice": messages.notice,
        "mapping_file": files.mapping,
        "result_file": files.result,
        "report_file": files.report,
        "inventory_file": files.inventory,
        "audit_line": messages.audit_lines,
        "lay_reminder": reminders.lay,
        "lift_reminder": reminders.lift,
        "send_reminder": reminders.send,
        "settle_missed": reminders.settle_missed,
        "take_plan": Planning(context).take,
        "watch_sync": SyncWatch(context).watch,
        "count_owners": owners.count,
        "watch_owners_gone": owners.watch_gone,
        "reassign": jobs.reassign,
        "undo": jobs.undo,
        "back_up": BackingUp(context).back_up,
        "take_inventory": package.take_inventory,
        "watch_package": package.watch,
        "remove_package": Removal(context).remove,
    }


def policy(settings: Settings) -> Policy:
    """Return the rules' own settings; a run keeps those it was started with."""
    return Policy(
        quorum=settings.sunset_required_approvals,
        removal_quorum=settings.sunset_required_approvals_removal,
        groups=tuple(settings.sunset_approval_groups),
        approval_ttl=int(settings.sunset_approval_ttl.total_seconds()),
        window=int(settings.sunset_data_copy_window.total_seconds()),
        reminders=tuple(int(lead.total_seconds()) for lead in settings.sunset_reminders),
    )


def _refusal(future: Future[Any]) -> SunsetError | None:
    error = future.exception()
    if error is None or isinstance(error, SunsetError):
        return error
    raise error


def _passing(error: SunsetError) -> bool:
    return isinstance(error, VendorError) and error.retryable
