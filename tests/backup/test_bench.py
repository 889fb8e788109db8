"""A tiny run of the benchmark: it measures, and says what it measured."""

from __future__ import annotations

import json

import pytest

from bench import backup
from bench.backing_up import TABLE, WideRow


def test_measures_a_backup_in_a_process_of_its_own() -> None:
    answer, goals = backup.run(rows=60, fields=20)
    told = json.loads(json.dumps(answer))
    results = told["results"]
    assert (told["benchmark"], results["rows"], results["fields"]) == ("backup", 60, 20)
    assert results["idle_mib"] > 10
    assert results["seconds"] > 0
    assert goals[0].limit == 50
    assert "60 rows" in backup.text(results)


def test_the_records_differ_and_one_is_long() -> None:
    rows = [WideRow(number) for number in (49, 50)]
    assert rows[0]["Id"] != rows[1]["Id"]
    assert len(rows[1]["HubSpot_Inc__Payload__c"]) > 2_000 > len(rows[0]["HubSpot_Inc__Payload__c"])
    assert TABLE.endswith("__c")


@pytest.mark.parametrize("name", ["Name", "HubSpot_Inc__Key__c"])
def test_values_need_quoting(name: str) -> None:
    assert "," in WideRow(1)[name]
