"""Step 2, the mapping: several targets, files, suggestions, several administrators (P2a–b)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.workflows import journeys, samples
from tests.workflows.driver import Conversation, confirmed, kinds
from tests.workflows.samples import HELEN, HUGO, QUEUE, SAM, SUE
from workflows import commands as c
from workflows import events as e
from workflows.rules.mapping import mapping_digest
from workflows.values import CORE_OBJECTS, Assignment, Owner

ALONE, UNKNOWN = "target_is_salesforce_only", "unknown_object_type"
TO_HELEN, TO_HUGO = Assignment(targets=(HELEN,)), Assignment(targets=(HUGO,))


class TestSeveralTargets:
    def test_take_turns_in_the_order_that_was_chosen(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps(SAM, HUGO, HELEN)
        assert talk.run.mapping[SAM.id].targets == (HUGO, HELEN)
        assert talk.run.mapping[SAM.id].of("contacts") == (HUGO, HELEN)

    def test_another_order_is_another_mapping(self) -> None:
        """The first record goes to the first of them: what is confirmed is what runs."""
        talk = journeys.to_mapping_with_others()
        talk.anna.maps_the_rest_to(HUGO)
        talk.anna.maps(SAM, HUGO, HELEN)
        shown = talk.run.mapping_version
        assert kinds(talk.bela.maps(SAM, HELEN, HUGO)) == ["OwnerMapped"]
        with talk.refused("mapping_changed"):
            talk.anna.confirms_the_mapping(shown)

    def test_somebody_named_twice_gets_no_second_turn(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps(SAM, HUGO, HELEN, HUGO)
        assert talk.run.mapping[SAM.id].targets == (HUGO, HELEN)
        assert talk.anna.maps(SAM, HUGO, HELEN) == []

    def test_a_type_of_its_own_goes_to_one(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps(SAM, HUGO, deals=HELEN)
        assignment = talk.run.mapping[SAM.id]
        assert assignment.of("deals") == (HELEN,)
        assert assignment.of("contacts") == assignment.of("tickets") == (HUGO,)

    @pytest.mark.parametrize("place", ["first", "other", "type"])
    def test_none_of_them_exists_in_salesforce_alone(self, place: str) -> None:
        talk = journeys.to_mapping_with_others()
        choices: dict[str, Callable[[], list[e.Event]]] = {
            "first": lambda: talk.anna.maps(SAM, SUE, HELEN),
            "other": lambda: talk.anna.maps(SAM, HELEN, SUE),
            "type": lambda: talk.anna.maps(SAM, HELEN, deals=SUE),
        }
        with talk.refused("target_is_salesforce_only"):
            choices[place]()

    def test_a_type_that_does_not_exist_is_named(self) -> None:
        talk = journeys.to_mapping_with_others()
        with talk.refused("unknown_object_type"):
            talk.anna.maps(SAM, HELEN, contcts=HUGO)
        assert talk.anna.maps(SAM, HELEN, tasks=HUGO)

    def test_what_is_confirmed_says_who_gets_what(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps(SAM, HUGO, HELEN, deals=HELEN)
        talk.anna.maps_the_rest_to(HUGO)
        event = confirmed(talk.anna.confirms_the_mapping())
        assert event.mapping[SAM.id] == "502+501;deals=501"
        assert event.objects == CORE_OBJECTS
        assert event.digest == mapping_digest(event.mapping, CORE_OBJECTS)

    @pytest.mark.parametrize("which", ["HUGO", "HELEN"])
    def test_one_of_them_who_became_salesforce_only_is_noticed(self, which: str) -> None:
        """Whether the records would have gone there in turn, or those of one type alone."""
        gone = getattr(samples, which)
        talk = journeys.to_mapping_with_others()
        talk.anna.maps(SAM, HUGO, deals=HELEN)
        talk.anna.maps(SUE, Owner(id="503"))
        talk.anna.maps(QUEUE, Owner(id="503"))
        talk.anna.asks_to_check()
        talk.bot.counts((*samples.OWNERS, *samples.emptied((samples.owned(gone),))))
        with talk.refused("mapping_incomplete"):
            talk.anna.confirms_the_mapping()
        assert [owned.owner for owned in talk.run.unmapped] == [SAM]
        talk.anna.maps_the_rest_to(Owner(id="503"))
        assert confirmed(talk.anna.confirms_the_mapping()).mapping[SAM.id] == "503"


class TestFiles:
    def test_are_taken_in_whole(self) -> None:
        talk = journeys.to_mapping_with_others()
        both = Assignment(targets=(HELEN, HUGO), kinds={"deals": HUGO})
        happened = talk.anna.imports({SAM: both, SUE: TO_HUGO, QUEUE: TO_HUGO})
        assert kinds(happened) == ["OwnerMapped"] * 3
        assert talk.run.mapping == {SAM.id: both, SUE.id: TO_HUGO, QUEUE.id: TO_HUGO}
        assert talk.anna.confirms_the_mapping()

    def test_that_say_what_is_chosen_already_change_nothing(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps(SAM, HELEN)
        version = talk.run.mapping_version
        assert talk.anna.imports({SAM: TO_HELEN}) == []
        assert kinds(talk.anna.imports({SAM: TO_HELEN, SUE: TO_HUGO})) == ["OwnerMapped"]
        assert talk.run.mapping_version > version

    @pytest.mark.parametrize(
        ("place", "wrong", "code"),
        [
            (0, {Owner(id="999"): TO_HELEN}, "unknown_owner"),
            (150, {HELEN: TO_HUGO}, "unknown_owner"),
            (299, {QUEUE: TO_HUGO}, "owner_excluded"),
            (10, {SAM: Assignment(targets=(HELEN, SUE))}, ALONE),
            (299, {SAM: Assignment(targets=(HELEN,), kinds={"deals": SUE})}, ALONE),
            (299, {SAM: Assignment(targets=(HELEN,), kinds={"wishes": HUGO})}, UNKNOWN),
        ],
    )
    def test_with_one_wrong_row_among_hundreds_are_refused_whole(
        self, place: int, wrong: dict[Owner, Assignment], code: str
    ) -> None:
        many = [Owner(id=str(2000 + number)) for number in range(300)]
        talk = journeys.to_disconnected()
        talk.bot.counts((*samples.OWNERS, *(samples.owned(one) for one in many)))
        talk.anna.excludes(QUEUE)
        rows: list[tuple[Owner, Assignment]] = [(one, TO_HELEN) for one in many]
        rows[place:place] = wrong.items()
        with talk.refused(code):
            talk.anna.imports(dict(rows))
        assert talk.run.mapping == {}
        assert len(talk.anna.imports(dict.fromkeys(many, TO_HELEN))) == 300

    def test_are_asked_for_without_changing_anything(self) -> None:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps_the_rest_to(HUGO)
        shown = talk.run.mapping_version
        seen = len(talk.effects)
        assert talk.bela.asks_for_the_file() == [e.MappingFileRequested()]
        files = [effect for effect in talk.effects[seen:] if effect.kind == "mapping_file"]
        assert [(one.lane, one.key) for one in files] == [
            ("thread", f"mapping_file:{talk.run.version}")
        ]
        assert kinds(talk.anna.confirms_the_mapping(shown)) == ["MappingConfirmed"]


class TestSuggestions:
    def test_are_taken_by_kind(self) -> None:
        talk = journeys.to_mapping_with_others()
        assert len(talk.anna.takes_the_suggestions("manager")) == 1
        assert talk.run.mapping == {SUE.id: TO_HUGO}
        with talk.refused("no_suggestions"):
            talk.anna.takes_the_suggestions("manager")
        with talk.refused("no_suggestions"):
            talk.anna.takes_the_suggestions("companies")
        assert len(talk.anna.takes_the_suggestions()) == 1
        assert talk.run.mapping == {SUE.id: TO_HUGO, SAM.id: TO_HELEN}

    def test_of_somebody_who_became_salesforce_only_are_not_taken(self) -> None:
        """They would be taken again and again, and nothing would be mapped."""
        talk = journeys.to_mapping_with_others()
        helen = samples.emptied((samples.owned(HELEN),))
        talk.bot.counts((samples.WITH_OTHERS[0], *helen))
        assert "TakeSuggestions" not in talk.asked.choices
        with talk.refused("no_suggestions"):
            talk.anna.takes_the_suggestions()
        talk.anna.excludes(HELEN)
        assert "TakeSuggestions" in talk.asked.choices
        talk.anna.takes_the_suggestions()
        assert talk.run.mapping == {SAM.id: TO_HELEN}


def test_several_administrators_choose_at_once() -> None:
    """Whoever confirms has seen the last of all choices, of whatever kind it was."""
    changes: list[Callable[[Conversation], Any]] = [
        lambda talk: talk.bela.maps(SAM, HELEN),
        lambda talk: talk.bela.maps(SAM, HUGO, HELEN),
        lambda talk: talk.bela.maps(SAM, HUGO, deals=HELEN),
        lambda talk: talk.bela.imports({SUE: TO_HELEN}),
        lambda talk: talk.bela.excludes(SUE),
        lambda talk: talk.bela.chooses("calls"),
    ]
    for change in changes:
        talk = journeys.to_mapping_with_others()
        talk.anna.maps_the_rest_to(HUGO)
        shown, asked = talk.run.mapping_version, talk.run.prompt_version
        assert change(talk)
        with talk.refused("mapping_changed"):
            talk.anna.does(c.ConfirmMapping(shown=shown), asked)
        assert talk.anna.confirms_the_mapping()
