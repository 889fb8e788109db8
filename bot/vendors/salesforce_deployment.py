"""What Salesforce tells of a metadata deployment, as a removal with its problems.

The fields are those of `DeployResult`; the REST resource is documented with numbers and booleans
as texts, so both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from more_itertools import unique_everseen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from bot.masking import SECRETS
from bot.ports import Removal
from bot.vendors import salesforce_setup as setup
from bot.vendors.salesforce_errors import LONGEST_MESSAGE, unreadable
from workflows.text import N_, Text
from workflows.values import Blocker

INSTALLED_PACKAGE = "InstalledPackage"
_FAILED = frozenset({"Failed", "FinalizingDeployFailed", "Canceled", "SucceededPartial"})
_CHECK_ONLY = re.compile(r"check[-_ ]?only", re.IGNORECASE)
_RIGHTS = re.compile(r"insufficient[_ ](access|rights|privileges)", re.IGNORECASE)
_NOT_THERE = re.compile(r"no InstalledPackage named", re.IGNORECASE)

_FIND_OUT = N_("Put right what Salesforce says. Then try again.")
_LOOK = N_(
    "The package does not seem to be installed under this name. Look at Setup > Installed Packages."
)
_CANCELLED = N_("Somebody cancelled the deployment in Setup. Find out why before you try again.")
_PARTLY = N_(
    "Salesforce did only a part of the deployment. Look at Setup > Deployment Status, and at "
    "Setup > Installed Packages, before you try again."
)
_NO_REASON = N_(
    "Salesforce gives no reason. Look at Setup > Deployment Status; then try again, or give "
    "Salesforce's support the id of the deployment."
)
_STRANGE = N_(
    "Sunset does not know this way for a deployment to end. Look at Setup > Deployment Status, and "
    "at Setup > Installed Packages, before you try again."
)


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_Count = Annotated[int, BeforeValidator(_whole)]
_Moment = Annotated[datetime | None, BeforeValidator(_moment)]
_Text = Annotated[str, BeforeValidator(_text)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Message(_Answer):
    component_type: _Text = Field("", alias="componentType")
    full_name: _Text = Field("", alias="fullName")
    problem: _Text = ""

    @property
    def of_package(self) -> bool:
        """Whether it is about an installed package, not about one of its parts."""
        return self.component_type in ("", INSTALLED_PACKAGE)

    def names(self, namespace: str) -> bool:
        """Say whether it is about the package *namespace*."""
        return self.of_package and self.full_name.lower() == namespace.lower()


class _Details(_Answer):
    failures: list[_Message] = Field([], alias="componentFailures")
    successes: list[_Message] = Field([], alias="componentSuccesses")

    @field_validator("failures", "successes", mode="before")
    @classmethod
    def _always_a_list(cls, value: object) -> object:
        """Salesforce writes one message without a list around it."""
        if value is None:
            return []
        return value if isinstance(value, list) else [value]


class _Result(_Answer):
    status: str = "Pending"
    done: bool = False
    success: bool = False
    check_only: bool = Field(False, alias="checkOnly")
    created_by: _Text = Field("", alias="createdBy")
    cancelled_by: _Text = Field("", alias="canceledByName")
    error_code: _Text = Field("", alias="errorStatusCode")
    error_message: _Text = Field("", alias="errorMessage")
    detail: _Text = Field("", alias="stateDetail")
    components: _Count = Field(0, alias="numberComponentsTotal")
    deployed: _Count = Field(0, alias="numberComponentsDeployed")
    errors: _Count = Field(0, alias="numberComponentErrors")
    created: _Moment = Field(None, alias="createdDate")
    started: _Moment = Field(None, alias="startDate")
    completed: _Moment = Field(None, alias="completedDate")
    details: _Details | None = None

    @property
    def named(self) -> list[_Message]:
        """Everything that the deployment says something about."""
        details = self.details or _Details()
        return [*details.failures, *details.successes]


class _Deployment(_Answer):
    id: str = Field(min_length=1)
    result: _Result = Field(_Result(), alias="deployResult")


def started(answer: Any) -> str:
    """Return the id of a deployment that Salesforce has just accepted."""
    return _read(answer, write=True).id


def removal(answer: Any, namespace: str, lacking: Callable[[], Text]) -> Removal:
    """Read how a deployment stands; *lacking* is asked what to do where a right is missing."""
    deployment = _read(answer)
    result = deployment.result
    state = _state(result, namespace)
    problems: tuple[Blocker, ...] = ()
    if state == "failed":
        found = _problems(deployment, namespace, lacking)
        problems = tuple(unique_everseen(found, key=lambda one: (one.type, one.name, one.problem)))
    return Removal(
        id=deployment.id,
        state=state,
        problems=problems,
        rehearsal=result.check_only,
        about_package=_about(result, namespace, ended=state != "running"),
        by=result.created_by,
        impossible=_impossible(result, problems) if state == "failed" else "",
        components=result.components,
        done=result.deployed,
        errors=result.errors,
        detail=result.detail,
        created_at=result.created,
        started_at=result.started,
        completed_at=result.completed,
    )


def listed(row: dict[str, Any], *, rehearsal: bool) -> Removal:
    """Read a row of `DeployRequest`: what it is about is not told."""
    status = str(row.get("Status") or "")
    completed = _moment(row.get("CompletedDate"))
    ended = status.startswith("Succeeded") or status in _FAILED or completed is not None
    state: Literal["running", "succeeded", "failed"] = "running"
    if ended:
        state = "succeeded" if status == "Succeeded" else "failed"
    return Removal(
        id=str(row.get("Id") or ""),
        state=state,
        rehearsal=rehearsal,
        about_package=None,
        created_at=_moment(row.get("CreatedDate")),
        completed_at=completed,
    )


def _read(answer: Any, *, write: bool = False) -> _Deployment:
    try:
        return _Deployment.model_validate(answer)
    except ValidationError:
        raise unreadable("the deployment", write=write) from None


def _state(result: _Result, namespace: str) -> Literal["running", "succeeded", "failed"]:
    status = result.status.replace(" ", "")
    if status == "Succeeded":
        return "succeeded"
    if status == "SucceededPartial":
        # It is one component: where it is among those that were done, all is done.
        successes = (result.details or _Details()).successes
        return "succeeded" if any(one.names(namespace) for one in successes) else "failed"
    if status in _FAILED:
        return "failed"
    if not result.done:
        return "running"
    return "succeeded" if result.success else "failed"


def _about(result: _Result, namespace: str, *, ended: bool) -> bool | None:
    if any(message.names(namespace) for message in result.named):
        return True
    if result.named:
        return False
    # One that succeeded without naming anything has done nothing to the package.
    return False if ended and result.status == "Succeeded" else None


def _impossible(result: _Result, problems: tuple[Blocker, ...]) -> str:
    """Return Salesforce's words where nothing but being check-only was wrong with a rehearsal."""
    said = [problem.problem for problem in problems]
    if result.check_only and said and all(_CHECK_ONLY.search(words) for words in said):
        return said[0][:LONGEST_MESSAGE]
    return ""


def _problems(
    deployment: _Deployment, namespace: str, lacking: Callable[[], Text]
) -> Iterator[Blocker]:
    """Each line that Salesforce gives, then how the deployment ended as a whole."""
    result = deployment.result
    for failure in (result.details or _Details()).failures:
        for line in failure.problem.splitlines() or [""]:
            yield _of_component(failure, line.strip(), namespace, lacking)
    if result.error_message or result.error_code:
        said = ": ".join(part for part in (result.error_code, result.error_message) if part)
        yield _of_whole(said, deployment, namespace, _advice(said, lacking) or _FIND_OUT)
    match result.status.replace(" ", ""):
        case "Canceled":
            by = f" by {result.cancelled_by}" if result.cancelled_by else ""
            yield _of_whole(f"Canceled{by}", deployment, namespace, _CANCELLED)
        case "SucceededPartial":
            yield _of_whole("SucceededPartial", deployment, namespace, _PARTLY)
        case "Failed" | "FinalizingDeployFailed":
            named = result.details and result.details.failures
            if not (named or result.error_message or result.error_code):
                yield _of_whole(result.status, deployment, namespace, _NO_REASON)
        case _:
            yield _of_whole(result.status, deployment, namespace, _STRANGE)


def _of_component(
    failure: _Message, line: str, namespace: str, lacking: Callable[[], Text]
) -> Blocker:
    """Read a line: "Page Layout X: This installed component is referenced by …" names X."""
    place, found, problem = line.partition(": ")
    about_call = _advice(line, lacking)
    if failure.of_package and found and about_call is None:
        kind, name = setup.named(place)
        return Blocker(
            type=kind,
            name=name,
            refers_to=namespace,
            problem=problem,
            link=setup.link(kind),
            advice=setup.advice(kind),
        )
    kind = "" if failure.of_package else failure.component_type
    return Blocker(
        type=failure.component_type,
        name=failure.full_name,
        refers_to=namespace,
        problem=SECRETS(line)[:LONGEST_MESSAGE],
        link=setup.link(kind) or setup.PACKAGES,
        advice=about_call or (setup.advice(kind) if kind else _FIND_OUT if line else _NO_REASON),
    )


def _of_whole(said: str, deployment: _Deployment, namespace: str, advice: Text) -> Blocker:
    return Blocker(
        type="Deployment",
        name=deployment.id,
        refers_to=namespace,
        problem=SECRETS(said)[:LONGEST_MESSAGE],
        link=setup.DEPLOYMENTS,
        advice=advice,
    )


def _advice(said: str, lacking: Callable[[], Text]) -> Text | None:
    """Say what to do about what is no component's fault."""
    if _RIGHTS.search(said):
        return lacking()
    return _LOOK if _NOT_THERE.search(said) else None
