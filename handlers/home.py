"""The App Home: published when somebody opens it, and from then on whenever it would change."""

from __future__ import annotations

from slack_bolt import App
from slack_sdk.models.views import View

from handlers import payload
from handlers.delivery import Delivery
from handlers.i18n import translator
from handlers.ports import Services
from handlers.views.home import MOST_RUNS, Scene, home
from handlers.wiring import listening


def register(app: App, services: Services) -> None:
    """Say which listener serves what."""
    app.event("app_home_opened")(listening(services, opened))


def opened(delivery: Delivery) -> None:
    """Publish the home of whoever opened it; the messages tab needs nothing."""
    if payload.find(delivery.body, "event", "tab") not in ("home", None):
        return
    services, user = delivery.services, delivery.user
    view = home(scene(services), user, delivery.roles, delivery.tr)
    delivery.client.views_publish(user_id=user, view=view)
    if services.homes is not None:
        services.homes.opened(user, view)


def scene(services: Services) -> Scene:
    """Look up what every home shows alike."""
    engine = services.engine
    run = engine.active_run()
    before = [one for one in engine.runs() if one.state.final]
    shown = [*([run] if run else []), *before[:MOST_RUNS]]
    return Scene(
        run=run,
        made=engine.progress(run.id) if run else None,
        before=before,
        links={one.id: engine.message_link(one.id) for one in shown},
        administrators=services.people.administrators(),
    )


def of(services: Services, user: str, seen: Scene) -> View:
    """Make the home of *user* as it would be published now.

    Raises:
        workflows.errors.Refused: Slack could not be asked who that is.
    """
    roles = services.people.roles(user)
    return home(seen, user, roles, translator(services.people.locale(user)))
