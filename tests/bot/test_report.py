"""What the command line shows of plans and of a run's reassignment."""

from __future__ import annotations

import io
import json

from rich.console import Console
from rich.table import Table

from bot.report import plan_tables, run_detail, step_two
from handlers.i18n import translator
from tests.workflows import journeys, samples
from workflows import commands as c
from workflows.values import Failure, Forecast, Owner, Plan, Tally

EN = translator("en")


def printed(*tables: Table) -> str:
    """Return what the tables say, without the line breaks of the terminal."""
    console = Console(file=io.StringIO(), width=160)
    with console.capture() as captured:
        console.print(*tables, sep="\n")
    return " ".join(captured.get().split())


def test_a_run_shows_who_gets_what_and_what_came_of_it() -> None:
    talk = journeys.to_mapping()
    talk.anna.takes_the_suggestions()
    talk.anna.does(c.ExcludeOwner(owner_id=samples.QUEUE.id))
    talk.anna.maps_the_rest_to(samples.HUGO)
    talk.anna.confirms_the_mapping()
    talk.bot.does(
        c.RecordReassigned(
            job=1,
            tallies=(
                Tally(owner_id=samples.SAM.id, object_type="deals", changed=7, overwritten=3),
            ),
            failures=tuple(
                Failure(
                    object_type="deals",
                    record_id=f"77{number}",
                    reason="[red]no\x1b[2J\u202e",
                    reference="corr-1",
                )
                for number in range(25)
            ),
            failure_count=1_025,
        )
    )
    talk.bot.counts((samples.owned(samples.SAM, contacts=2, deals=0), *samples.OWNERS[1:]))
    flat = printed(*step_two(talk.run, EN))
    for part in ("Reassigned: contacts", "excluded", "7", "HubSpot's reason", "corr-1"):
        assert part in flat
    assert "[red]no" in flat
    assert "1,005 more" in flat
    assert not {"\x1b", "\u202e"} & set(flat)
    told = run_detail(talk.run, [])["reassignment"]
    assert told["objects"] == ["contacts", "companies", "deals"]
    assert told["excluded"] == [samples.QUEUE.id]
    assert told["mapping"][samples.SAM.id]["targets"][0]["id"] == samples.HELEN.id
    assert told["tallies"][0]["overwritten"] == 3
    assert told["failure_count"] == 1_025
    json.dumps(told)


def test_the_plan_gives_reasons_other_types_and_the_cost() -> None:
    plan = Plan(
        account=samples.ACCOUNT,
        owners=(*samples.WITH_OTHERS, samples.owned(Owner(id="9", name="[red]\x1b[2J\u202eEve"))),
        deactivated=(Owner(id="77", name="Gone Girl", email="gone@example.com"),),
        labels={"2-77": "Ships"},
        forecast=Forecast(
            search_calls=11,
            read_calls=22,
            update_calls=33,
            check_calls=44,
            seconds=300,
            daily_limit=1_000,
            daily_remaining=200,
            daily_reserve=150,
        ),
        taken_at=samples.START,
    )
    flat = printed(*plan_tables(plan, EN))
    for part in ("no HubSpot user", "queue", "4 tickets, Ships: 5", "6 calls", "Gone Girl"):
        assert part in flat
    for part in ("11 searches, 22 readings, 33 updates, 44 checks", "do not suffice", "[red]"):
        assert part in flat
    assert "*" not in flat
    assert not {"\x1b", "\u202e"} & set(flat)
