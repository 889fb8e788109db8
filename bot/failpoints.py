"""Places where the process may die: every commit, and both sides of every call that leaves it.

A failpoint has a name, such as ``commit:event.approved:after`` or ``hubspot.swap_owners:before``.
Nothing happens at one unless a program has armed them (:func:`arm`); no setting and no environment
variable can. ``tests/death`` kills the process at each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    # The store needs this module, and the command line the store: Bolt takes long to import.
    from slack_bolt import App, BoltContext

T = TypeVar("T")
P = ParamSpec("P")
Hook = Callable[[frozenset[str]], None]
"""Is told the names of the failpoints that were reached: several commits may be one."""
_LEASES = frozenset({"lease", "settle", "postpone"})
_armed: list[Hook] = []
_kinds: dict[int, str] = {}
"""Leased effects by their id: their kind."""


def arm(hook: Hook) -> None:
    """Let *hook* be called at every failpoint; call it before the program is put together."""
    _armed[:] = [hook]


def disarm() -> None:
    """Let nothing happen at failpoints any more."""
    _armed.clear()


def armed() -> bool:
    """Say whether anything happens at failpoints."""
    return bool(_armed)


def hit(names: Iterable[str], side: str) -> None:
    """Reach failpoints; *side* is `before` or `after`."""
    for hook in _armed:
        hook(frozenset(f"{name}:{side}" for name in names))


def around(place: str, port: T) -> T:
    """Return *port* with a failpoint on both sides of each of its methods: `place.method`."""
    return cast(T, _Around(place, port)) if _armed else port


def around_call(name: str, call: Callable[P, T]) -> Callable[P, T]:
    """Return *call* with a failpoint on both sides."""
    if not _armed:
        return call

    def calling(*args: P.args, **kwargs: P.kwargs) -> T:
        hit((name,), "before")
        try:
            return call(*args, **kwargs)
        finally:
            hit((name,), "after")

    return calling


class _Around:
    def __init__(self, place: str, port: object) -> None:
        self._place = place
        self._port = port

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return around_call(f"{self._place}.{name}", found) if callable(found) else found


def around_answers(app: App, socket: object) -> None:
    """Put failpoints around what listeners of *app* send, and around acknowledgements by *socket*.

    Their names are `answer.respond`, `answer.views_open` and the like, and `answer.acknowledge`.
    """
    if not _armed:
        return

    @app.middleware
    def watch(context: BoltContext, next_: Callable[[], None]) -> None:
        """Bolt's middleware."""
        context["client"] = around("answer", context.client)
        if context.respond is not None:
            context["respond"] = around_call("answer.respond", context.respond)
        next_()

    send = "send_socket_mode_response"
    setattr(socket, send, around_call("answer.acknowledge", getattr(socket, send)))


# --- commits -------------------------------------------------------------------------------------


def watched(transaction: T) -> T:
    """Return *transaction*, which remembers what is done in it where failpoints are armed."""
    return cast(T, _Watched(transaction)) if _armed else transaction


def commit(transaction: object, side: str) -> None:
    """Reach the failpoints of a commit: one for each kind of thing that was done in it."""
    if isinstance(transaction, _Watched):
        # Before a lease is durable nothing is different from before it was asked for.
        done = {what for what in transaction.done if side == "after" or "lease." not in what}
        hit((f"commit:{what}" for what in done), side)


class _Watched:
    """Passes everything on to a transaction, and keeps the names of what was asked of it."""

    def __init__(self, transaction: object) -> None:
        self._transaction = transaction
        self.done: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._transaction, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = found(*args, **kwargs)
            self.done.add(name)
            self.done.update(_details(name, args, answer))
            return answer

        return call


def _details(name: str, args: tuple[Any, ...], answer: Any) -> Iterable[str]:
    """Say what was done more exactly: which events, and with which kinds of effects."""
    if name == "append":
        yield from (f"event.{link.recorded.event.type}" for link in args[1])
    elif name == "lease":
        _kinds.update((effect.id, effect.kind) for effect in answer)
        yield from (f"lease.{effect.kind}" for effect in answer)
    elif name in _LEASES and args[0] in _kinds:
        yield f"{name}.{_kinds[args[0]]}"
