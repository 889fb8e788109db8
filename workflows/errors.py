"""The one tree of errors: each has a stable code, a sentence for the person, and a remedy."""

from __future__ import annotations

from workflows.text import N_, Text


class SunsetError(Exception):
    """Anything that goes wrong in a way the program foresaw.

    ``code`` is stable (logs, tests and documentation use it), ``problem`` says what is wrong,
    ``remedy`` what to do about it, ``reference`` is a vendor's correlation id or an incident id.
    """

    def __init__(self, code: str, problem: Text, remedy: Text, *, reference: str = "") -> None:
        super().__init__(f"{code}: {problem} {remedy}")
        self.code = code
        self.problem = problem
        self.remedy = remedy
        self.reference = reference


class Refused(SunsetError):
    """A command that the rules do not allow now; nothing was changed."""


def refuse_not_now(action: str, state: str) -> Refused:
    """Build the refusal of an action that does not belong to the run's present state."""
    return Refused(
        "not_now",
        N_("This is not possible at the present step."),
        N_(
            "Look at the card at the top of the thread: it shows what can be done now "
            "({action} at {state} was refused).",
            action=action,
            state=state,
        ),
    )
