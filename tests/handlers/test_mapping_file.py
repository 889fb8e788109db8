"""The mapping as a file: what is written, what spreadsheets make of it, what is refused and how."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from handlers import mapping_file, tables
from handlers.mapping_file import Fault, FileRefused
from tests.handlers.engine import FakeOwners
from tests.handlers.mapping_desk import HOSTILE, HUBS, Planned
from tests.handlers.runs import TARGET, owners, tell
from tests.handlers.views.looks import EN, PL
from workflows import commands as c
from workflows.prompts import Ask
from workflows.run import Run
from workflows.values import Assignment, OwnedRecords, Owner, Suggestion

GONE = Owner(id="55", name="Gone", email="gone@example.com")
ODD = Owner(id="66", name="Odd", email="+odd@example.com")
TWINS = [Owner(id=one, name="Twin", email="twin@example.com") for one in ("71", "72")]


def planned(owned: tuple[OwnedRecords, ...] | None = None) -> Run:
    labels = {"2-1": "Machines"}
    story = Planned(
        {"deactivated": (GONE,), "labels": labels}, owners() if owned is None else owned
    )
    return tell(Ask.MAP_OWNERS, story).run


def directory() -> FakeOwners:
    known = FakeOwners()
    known.owners = [TARGET, *HUBS, ODD, *TWINS]
    known.search = lambda query, limit=100: known.owners[:limit]  # type: ignore[method-assign]
    return known


def file(*rows: str, header: str = "owner_id,new_owner") -> bytes:
    return "\n".join([header, *rows]).encode()


def read(data: bytes, run: Run | None = None) -> dict[str, str]:
    """Return what a file chooses, as codes."""
    found = mapping_file.read(data, run or planned(), directory())
    return {old: given.code for old, given in found.items()}


def faults(data: bytes, run: Run | None = None) -> tuple[Fault, ...]:
    with pytest.raises(FileRefused) as caught:
        read(data, run)
    return caught.value.faults


def fault(data: bytes, run: Run | None = None) -> Fault:
    (found,) = faults(data, run)
    return found


def table(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=delimiter))


# --- written -------------------------------------------------------------------------------------


def test_a_row_holds_what_is_needed_to_decide() -> None:
    first, second = table(mapping_file.made(planned(), EN))
    assert first == {
        "owner_id": "100",
        "owner": "Sam Sales 0",
        "e_mail": "s0@sf.example",
        "kind": "person",
        "reason": "no HubSpot user",
        "contacts": "30",
        "companies": "5",
        "deals": "1",
        "tickets": "4",
        "suggestion": "hanna@example.com",
        "suggestion_reason": "the manager in Salesforce",
        "chosen": "",
        "new_owner": "",
    }
    assert (second["kind"], second["reason"], second["suggestion"]) == ("queue", "queue", "")


def test_it_opens_in_a_spreadsheet() -> None:
    data = mapping_file.made(planned(), EN)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == 3
    polish = table(mapping_file.made(planned(), PL), ";")
    assert [row["owner_id"] for row in polish] == ["100", "101"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    evil = f"{start}HYPERLINK(1)"
    hostile = owners(1)[0].model_copy(
        update={
            "owner": Owner(id="100", name=evil, email=evil),
            "suggestion": Suggestion(target=Owner(id="9", name=evil, email=evil), why="same_name"),
            "other_counts": {evil: 2},
        }
    )
    data = mapping_file.made(planned((hostile,)), EN)
    for cells in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(tables.FORMULA) for cell in cells)
    (row,) = table(data)
    assert row["owner"] == f"'{evil}"
    assert tables.bare(f"'{evil}") == evil.strip()


def test_hostile_names_survive() -> None:
    run = planned(owners(3, HOSTILE + '",;\n\x00'))
    rows = table(mapping_file.made(run, EN))
    assert [row["owner_id"] for row in rows] == ["100", "101", "102"]
    assert all("\x00" not in row["owner"] for row in rows)
    assert tables.encoded([["\ud800"]]) == b"\xef\xbb\xbf?\r\n"


def test_custom_types_are_named_by_what_people_call_them() -> None:
    owned = owners(1)[0].model_copy(update={"other_counts": {"2-1": 7}})
    (row,) = table(mapping_file.made(planned((owned,)), EN))
    assert row["Machines (2-1)"] == "7"


def test_what_is_chosen_is_shown_and_excluded_owners_are_left_out() -> None:
    story = Planned({}, owners(3))
    tell(Ask.MAP_OWNERS, story)
    kinds = {"deals": ODD}
    story.person(c.MapOwner(owner_id="100", target=HUBS[0], others=(HUBS[1],), kinds=kinds))
    story.person(c.ExcludeOwner(owner_id="101"))
    rows = table(mapping_file.made(story.run, EN))
    assert [row["owner_id"] for row in rows] == ["100", "102"]
    assert rows[0]["chosen"] == "h0@example.com; h1@example.com; deals=+odd@example.com"
    again = file(f'100,"{rows[0]["chosen"]}"')
    assert read(again, story.run) == {"100": story.run.mapping["100"].code}


def test_an_untouched_list_chooses_nothing() -> None:
    found = fault(mapping_file.made(planned(), EN))
    assert (found.row, found.column) == (0, "")
    assert "No row has a new owner" in str(found.text)


# --- read: what may stand in it ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("h0@example.com", "801"),
        (" H0@Example.COM ", "801"),
        ("801", "801"),
        ("801.0", "801"),
        ("h0@example.com; 802", "801+802"),
        ("h0@example.com;802;", "801+802"),
        ("801; contacts=h2@example.com", "801;contacts=803"),
        ("801; Contacts = 803 ; DEALS=900", "801;contacts=803;deals=900"),
        ("+odd@example.com", "66"),
        ("'+odd@example.com", "66"),
        ("71", "71"),
    ],
)
def test_new_owners(cell: str, code: str) -> None:
    assert read(file(f'100,"{cell}"')) == {"100": code}


def test_empty_cells_change_nothing() -> None:
    assert read(file("100,", "101,801", ",", "999,")) == {"101": "801"}


def test_the_same_row_twice_is_no_mistake() -> None:
    assert read(file("100,801", "100,h0@example.com", "100,")) == {"100": "801"}


FILLED = "owner_id,new_owner,extra\r\n100,801,x\r\n101,802,y\r\n"
SAVED: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16, tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "UTF-16 big end": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 without mark": lambda text: text.encode("utf-16-le"),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "separator line": lambda text: ("sep=;\r\n" + text.replace(",", ";")).encode(),
    "Unix": lambda text: text.replace("\r\n", "\n").encode(),
    "old Mac": lambda text: text.replace("\r\n", "\r").encode(),
    "no end": lambda text: text.rstrip().encode(),
    "empty rows": lambda text: (text + ",,\r\n\r\n , ,\r\n").encode(),
    "blank first": lambda text: ("\r\n" + text).encode(),
    "quotes": lambda text: text.replace("100", '"100"').replace("801", '"801"').encode(),
    "old code page": lambda text: text.replace("x", "Łukasz").encode("cp1250"),
    "upper case": lambda text: text.replace("owner_id", "OWNER_ID ").encode(),
    "ids as numbers": lambda text: text.replace("100", "100.00").encode(),
}


@pytest.mark.parametrize("saved", SAVED)
def test_what_spreadsheets_do(saved: str) -> None:
    assert read(SAVED[saved](FILLED)) == {"100": "801", "101": "802"}


def test_the_order_of_columns_does_not_matter() -> None:
    rows = ["x,h0@example.com,100", "y,,101"]
    assert read(file(*rows, header="extra,New_Owner,owner_id")) == {"100": "801"}


def test_300_owners_are_read() -> None:
    run = planned(owners(300))
    rows = [f"{100 + n},{801 + n % 5}" for n in range(300)]
    assert len(read(file(*rows), run)) == 300


# --- read: what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("nobody@example.com", "no active HubSpot owner"),
        ("4711", "no active HubSpot owner"),
        ("s1@sf.example", "exists in Salesforce alone"),
        ("101", "exists in Salesforce alone"),
        ("GONE@example.com", "is deactivated in HubSpot"),
        ("55", "is deactivated in HubSpot"),
        ("Hanna Hub", "neither an e-mail nor a HubSpot owner id"),
        ("h0@example.com, h1@example.com", "Separate several with a semicolon"),
        ("twin@example.com", "Write one of their ids: 71, 72"),
        ('=HYPERLINK(""http://x"")', "holds a formula"),
        ("@SUM(1)", "holds a formula"),
        ("8.01E+02", "has shortened the number"),
        ("801;h0@example.com", "named twice"),
        ("801;contacts=802;contacts=803", "given to two owners"),
        ("801;tickets=802", "Records of the type tickets are not reassigned"),
        ("801;rockets=802", "Records of the type rockets are not reassigned"),
        ("801;deals=", "is missing after the sign ="),
        ("deals=801", "who gets all other records"),
        ("-", "excluded by the button"),
        ("Exclude", "excluded by the button"),
        ("<!channel>", "neither an e-mail"),
    ],
)
def test_a_wrong_new_owner_is_named(cell: str, said: str) -> None:
    found = fault(file("101,801", f'100,"{cell}"'))
    assert (found.row, found.column) == (3, "new_owner")
    assert said in str(found.text)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "The id is missing"),
        ("999", "999 is not among"),
        ("Sam Sales 0", "is not among"),
        ("1.00E+02", "has shortened the number"),
        ("=100", "is not among"),
    ],
)
def test_a_wrong_owner_is_named(cell: str, said: str) -> None:
    found = fault(file(f"{cell},801"))
    assert (found.row, found.column) == (2, "owner_id")
    assert said in str(found.text)


def test_everything_that_is_wrong_is_named_at_once_and_nothing_is_taken() -> None:
    found = faults(file("100,801", "999,nobody@example.com", "", "101,-", "100,802"))
    assert [(one.row, one.column) for one in found] == [
        (3, "owner_id"),
        (3, "new_owner"),
        (5, "new_owner"),
        (6, "new_owner"),
    ]
    assert "another new owner in row 2" in str(found[-1].text)


def test_an_excluded_owner_is_refused_only_where_it_is_filled() -> None:
    story = Planned({}, owners(2))
    tell(Ask.MAP_OWNERS, story).person(c.ExcludeOwner(owner_id="100"))
    assert "was excluded" in str(fault(file("100,801"), story.run).text)
    assert read(file("100,", "101,801"), story.run) == {"101": "801"}


def test_an_excluded_owner_may_be_a_target() -> None:
    story = Planned({}, owners(2))
    tell(Ask.MAP_OWNERS, story).person(c.ExcludeOwner(owner_id="100"))
    known = directory()
    known.owners.append(story.owned[0].owner)
    assert mapping_file.read(file("101,100"), story.run, known)["101"].code == "100"


def test_several_owners_without_quotes_are_not_cut_off() -> None:
    data = file("100;801;802", header="owner_id;new_owner")
    assert "Put several owners into quotes" in str(fault(data).text)


def test_a_quotation_mark_that_is_not_closed_hides_no_rows() -> None:
    found = fault(file('100,"801', "101,802"))
    assert "quotation marks do not match" in str(found.text)
    assert found.row == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"PK\x03\x04" + bytes(90), "This is a workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(90), "This is a workbook"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not a text file"),
        (b"%PDF-1.7\n\x00\x01", "not a text file"),
        (b"owner_id,owner\n100,x\n", "lacks the column new_owner"),
        (b"<html><body>Sign in</body></html>", "lacks the column owner_id, new_owner"),
        (b"owner_id,new_owner,new_owner\n100,801,802\n", "is there twice"),
        (b"owner_id,new_owner\n", "No row has a new owner"),
        (b"owner_id,new_owner\n" + b"100,801\n" * 10_001, "more than 10000 rows"),
        (b"x" * 1_000_001, "larger than 1000000 bytes"),
        (b"owner_id,new_owner\n100," + b"8" * 200_000, "quotation marks"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(data: bytes, said: str) -> None:
    assert said in str(fault(data).text)


def test_a_list_of_the_largest_size_is_read_in_time() -> None:
    rows = [f"100,u{n}@example.com" for n in range(10_000)]
    assert len(faults(file(*rows))) == 10_000


def test_the_notation_of_owners_without_an_e_mail() -> None:
    given = Assignment(targets=(Owner(id="1"), HUBS[0]))
    assert mapping_file.notation(given) == "1; h0@example.com"
