"""A run is the fold of its history, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation
from workflows import events as e
from workflows.evolve import evolve, fold
from workflows.text import N_
from workflows.values import BOT, Actor, Evidence, Reading


def recorded(seq: int, event: e.Event) -> e.Recorded:
    return e.Recorded.model_validate(
        {"seq": seq, "at": samples.START, "actor": BOT, "event": event}
    )


@pytest.mark.parametrize("moment", journeys.MOMENTS)
def test_a_history_makes_the_same_run_again(moment: str) -> None:
    talk = journeys.MOMENTS[moment]()
    assert fold(talk.history) == talk.run
    stored = e.HISTORY.dump_json(talk.history)
    loaded = e.HISTORY.validate_json(stored)
    assert loaded == talk.history
    assert fold(loaded) == talk.run
    assert e.HISTORY.dump_json(loaded) == stored


class TestNumbers:
    @pytest.mark.parametrize("step", [-1, 0, 2, 5])
    def test_are_neither_skipped_nor_repeated(self, step: int) -> None:
        run = journeys.to_approval().run
        with pytest.raises(ValueError, match="cannot follow"):
            evolve(run, recorded(run.version + step, e.Retried()))

    def test_begin_with_the_start(self) -> None:
        history = journeys.to_approval().history
        with pytest.raises(ValueError, match="first event"):
            fold(history[1:])
        with pytest.raises(ValueError, match="starts once"):
            evolve(None, history[0].model_copy(update={"seq": 2}))

    def test_begin_once(self) -> None:
        talk = journeys.to_approval()
        again = talk.history[0].model_copy(update={"seq": talk.run.version + 1})
        with pytest.raises(ValueError, match="starts once"):
            evolve(talk.run, again)

    def test_a_removed_event_is_noticed(self) -> None:
        history = journeys.to_mapping().history
        for gap in range(1, len(history) - 1):
            with pytest.raises(ValueError, match="cannot follow"):
                fold([*history[:gap], *history[gap + 1 :]])

    def test_there_is_no_run_without_events(self) -> None:
        with pytest.raises(ValueError, match="no events"):
            fold([])


def test_every_kind_of_event_means_something_for_a_run() -> None:
    talk = journeys.to_approval()
    assert [kind for kind in every_event()[1:] if not means_something(talk, kind)] == []


def means_something(talk: Conversation, kind: type[e.Event]) -> bool:
    """Fold an empty event of *kind*: it may not fit, but its kind must be known."""
    empty: Any = kind.model_construct(**dict.fromkeys(kind.model_fields))
    seq = talk.run.version + 1
    try:
        evolve(talk.run, e.Recorded.model_construct(seq=seq, at=talk.now, actor=BOT, event=empty))
    except KeyError as missing:
        return missing.args[0] is not kind
    except (TypeError, AttributeError, ValueError):
        return True
    return True


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    names = [kind.model_fields["type"].default for kind in every_event()]
    assert len(names) == len(set(names))
    for kind in every_event():
        words = "".join(part.title() for part in kind.model_fields["type"].default.split("_"))
        assert words == kind.__name__


def test_every_kind_of_event_can_be_loaded() -> None:
    for kind in every_event():
        with pytest.raises(ValidationError) as caught:
            e.ANY_EVENT.validate_python(
                {"type": kind.model_fields["type"].default, "unknown field": 1}
            )
        assert all(problem["type"] != "union_tag_invalid" for problem in caught.value.errors())


def test_values_do_not_change_and_take_nothing_unknown() -> None:
    run = journeys.to_planning().run
    with pytest.raises(ValidationError, match="frozen"):
        run.state = run.state  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Actor.model_validate({"kind": "person", "id": "U1", "name": "Ann"})


def test_times_need_a_zone() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Reading(at=samples.START.replace(tzinfo=None), source="a", says="b")


class TestEvidence:
    READING = Reading(at=samples.START, source="GET /owners", says="none")

    def test_is_verified_with_a_reading_only(self) -> None:
        Evidence(kind="verified", at=samples.START, by=BOT, reading=self.READING)
        with pytest.raises(ValidationError, match="verified"):
            Evidence(kind="verified", at=samples.START, by=BOT)

    @pytest.mark.parametrize("kind", ["attested", "skipped", "missed"])
    def test_is_nothing_but_verified_with_one(self, kind: str) -> None:
        with pytest.raises(ValidationError, match="verified"):
            Evidence.model_validate(
                {"kind": kind, "at": samples.START, "by": BOT, "reading": self.READING}
            )


def test_sentences_keep_what_they_are_about_apart() -> None:
    text = N_("{count} of {name}", count=3, name="<@U1> {count}")
    assert str(text) == "3 of <@U1> {count}"
    assert type(text).model_validate_json(text.model_dump_json()) == text


def every_event() -> list[type[e.Event]]:
    return list(e.Event.__subclasses__())
