"""The filled-in list is uploaded: taken in whole or refused, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from handlers.actions import Act, Modal, Ref
from handlers.ports import Services
from tests.handlers import desk as desks
from tests.handlers import engine, payloads
from tests.handlers.desk import Answer, Desk, words_of
from tests.handlers.engine import CHANNEL, STRANGER
from tests.handlers.mapping_desk import HUBS
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, OTHER_ADMIN, TARGET, Story, owners, tell
from workflows import commands as c
from workflows.errors import SunsetError
from workflows.prompts import Ask
from workflows.text import N_
from workflows.values import Actor

MISSING = SunsetError("slack_missing_scope", N_("The app lacks files:read."), N_("Add it."))


@dataclass
class FakeFiles:
    """Files that people uploaded; ``meanwhile`` happens while one is fetched."""

    content: bytes = b"owner_id,new_owner\n100,801\n101,h1@example.com\n"
    error: Exception | None = None
    meanwhile: Callable[[], object] = lambda: None
    asked: list[tuple[str, int]] = field(default_factory=list)

    def read_file(self, file_id: str, most: int) -> bytes:
        self.asked.append((file_id, most))
        self.meanwhile()
        if self.error is not None:
            raise self.error
        return self.content


class UploadDesk(Desk):
    """A desk at which messages that only one person sees are kept too."""

    def __init__(self, files: FakeFiles | None, number: int) -> None:
        self.files = files
        self.whispers: list[Payload] = []
        super().__init__(tell(Ask.MAP_OWNERS, Story(owned=owners(number))))
        self.owners.owners = [TARGET, *HUBS]

    def called(self, method: str, arguments: Payload) -> None:
        if method == "chat_postEphemeral":
            self.whispers.append(arguments)
        else:
            super().called(method, arguments)


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


@pytest.fixture
def desk(files: FakeFiles, monkeypatch: pytest.MonkeyPatch) -> UploadDesk:
    return sit(files, monkeypatch)


def sit(files: FakeFiles | None, monkeypatch: pytest.MonkeyPatch, number: int = 2) -> UploadDesk:
    def services(*given: Any) -> Services:
        return replace(engine.services(*given), files=files)

    monkeypatch.setattr(desks, "services", services)
    desk = UploadDesk(files, number)
    desk.click(ADMIN, Act.OPEN_MAPPING_FILE)
    return desk


def uploaded(*ids: object, block: str = "file") -> Payload:
    return {block: {"type": "file_input", "files": [{"id": one} for one in ids]}}


def file_block(desk: Desk) -> str:
    """Return the id of the block that asks for the file."""
    (block,) = (str(b["block_id"]) for b in desk.modal["blocks"] if b["type"] == "input")
    return block


def upload(desk: Desk, who: str = ADMIN) -> Answer:
    return desk.submit(who, uploaded("F1", block=file_block(desk)))


def said(answer: Answer) -> str:
    """Return what the modal says in the end, after it was acknowledged with *Reading…*."""
    assert answer.ack["response_action"] == "update"
    assert "Reading the file" in words_of(answer.ack["view"]["blocks"])
    (update,) = answer.all("views_update")
    return words_of(update["view"]["blocks"])


def chosen(desk: Desk) -> dict[str, str]:
    return {old: given.code for old, given in desk.engine.one.mapping.items()}


def test_the_modal_says_how_the_file_is_filled_in(desk: UploadDesk) -> None:
    text = words_of(desk.modal["blocks"])
    for part in (
        "`new_owner`",
        "contacts=ben@example.com",
        "stays as it is",
        "nothing is taken in",
    ):
        assert part in text
    (element,) = (b["element"] for b in desk.modal["blocks"] if b["type"] == "input")
    assert element == {
        "type": "file_input",
        "action_id": "value",
        "filetypes": ["csv", "txt", "tsv"],
        "max_files": 1,
    }


def test_a_file_is_taken_in_as_one_command(desk: UploadDesk, files: FakeFiles) -> None:
    assert "choices for 2 owners were taken in" in said(upload(desk))
    assert chosen(desk) == {"100": "801", "101": "802"}
    assert files.asked == [("F1", 1_000_000)]
    (command,) = desk.engine.commands
    assert isinstance(command.action, c.ImportMapping)
    assert not desk.modal.get("submit")


def test_the_file_is_fetched_after_the_acknowledgement(desk: UploadDesk, files: FakeFiles) -> None:
    acknowledged: list[bool] = []
    files.meanwhile = lambda: acknowledged.append(bool(desk._answer.all("ack")))
    upload(desk)
    assert acknowledged == [True]


def test_mistakes_are_named_by_row_and_the_form_stays(desk: UploadDesk, files: FakeFiles) -> None:
    files.content = b"owner_id,new_owner\n100,801\n101,<!channel>\n999,801\n"
    text = said(upload(desk))
    assert "nothing was changed" in text
    assert "*Row 3, `new_owner`:* &lt;!channel&gt; is neither" in text
    assert "*Row 4, `owner_id`:* 999 is not among" in text
    assert chosen(desk) == {}
    files.content = FakeFiles().content
    assert "2 owners" in said(upload(desk))


def test_after_a_refusal_the_wrong_file_is_not_attached(desk: UploadDesk, files: FakeFiles) -> None:
    """Slack keeps the file while the block's id stays the same."""
    files.content = b"owner_id,new_owner\n999,801\n"
    blocks = [file_block(desk)]
    for _ in range(2):
        upload(desk)
        blocks.append(file_block(desk))
    assert len(set(blocks)) == 3
    files.content = FakeFiles().content
    assert "2 owners" in said(upload(desk))


def test_many_mistakes_are_counted(monkeypatch: pytest.MonkeyPatch, files: FakeFiles) -> None:
    rows = "\n".join(f"{100 + n},{'x' * 3_000}" for n in range(300))
    files.content = f"owner_id,new_owner\n{rows}\n".encode()
    desk = sit(files, monkeypatch, 300)
    text = said(upload(desk))
    assert "*Row 41, `new_owner`" in text
    assert "… and 260 more mistakes" in text


def test_300_choices_come_from_one_file(monkeypatch: pytest.MonkeyPatch, files: FakeFiles) -> None:
    rows = "\n".join(f"{100 + n},{801 + n % 5}" for n in range(300))
    files.content = f"owner_id,new_owner\n{rows}\n".encode()
    desk = sit(files, monkeypatch, 300)
    assert "300 owners" in said(upload(desk))
    assert not desk.engine.one.unmapped


def test_a_submission_delivered_twice_counts_once(desk: UploadDesk) -> None:
    body = payloads.submission(ADMIN, desk.modal, uploaded("F1"))
    first = desk.deliver("view", Modal.MAPPING_FILE, body)
    version = desk.engine.one.version
    second = desk.deliver("view", Modal.MAPPING_FILE, body)
    assert said(first) == said(second)
    assert desk.engine.one.version == version


def test_what_somebody_else_chose_meanwhile_stays_where_the_file_says_nothing(
    desk: UploadDesk, files: FakeFiles
) -> None:
    files.content = b"owner_id,new_owner\n100,801\n101,\n"
    story = c.MapOwner(owner_id="101", target=HUBS[4])
    files.meanwhile = lambda: pick(desk, story)
    upload(desk)
    assert chosen(desk) == {"100": "801", "101": "805"}


def pick(desk: Desk, action: c.Action) -> None:
    run = desk.engine.one
    command = c.Command(
        actor=Actor(kind="person", id=OTHER_ADMIN),
        roles=desk.people.roles(OTHER_ADMIN),
        version=run.prompt_version,
        action=action,
    )
    desk.engine.execute(run.id, command, f"other:{run.version}")


def test_an_owner_excluded_meanwhile_refuses_the_whole_file(
    desk: UploadDesk, files: FakeFiles
) -> None:
    files.meanwhile = lambda: pick(desk, c.ExcludeOwner(owner_id="101"))
    assert "The owner 101 was excluded" in said(upload(desk))
    assert chosen(desk) == {}


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (c.MapRemaining(target=HUBS[0]), "moved on"),
        (c.Cancel(), "This run is over"),
        (c.Freeze(), "frozen"),
    ],
)
def test_a_run_that_moves_on_meanwhile(
    desk: UploadDesk, files: FakeFiles, action: c.Action, why: str
) -> None:
    def meanwhile() -> None:
        pick(desk, action)
        if isinstance(action, c.MapRemaining):
            pick(desk, c.ConfirmMapping(shown=desk.engine.one.mapping_version))

    files.meanwhile = meanwhile
    assert why in said(upload(desk))


def test_a_run_that_moved_on_before(desk: UploadDesk, files: FakeFiles) -> None:
    pick(desk, c.Cancel())
    assert "This run is over" in upload(desk).text
    assert files.asked == []
    assert (
        "moved on" in UploadDesk(files, 2).click(ADMIN, Act.OPEN_MAPPING_FILE, Ref("run-1", 1)).said
    )


def test_what_slack_does_not_hand_over_is_said(desk: UploadDesk, files: FakeFiles) -> None:
    files.error = MISSING
    assert "The app lacks files:read. Add it." in said(upload(desk))
    assert chosen(desk) == {}


def test_what_nobody_foresaw_does_not_leave_the_modal_reading(
    desk: UploadDesk, files: FakeFiles
) -> None:
    files.error = RuntimeError("bug")
    assert "Something unexpected went wrong" in said(upload(desk))


def test_with_the_modal_closed_the_result_comes_into_the_channel(desk: UploadDesk) -> None:
    desk.client.fail["views_update"] = ["not_found"]
    upload(desk)
    (whisper,) = desk.whispers
    assert (whisper["channel"], whisper["user"]) == (CHANNEL, ADMIN)
    assert "2 owners were taken in" in whisper["text"]


def test_with_nowhere_to_say_it_the_choice_counts_all_the_same(desk: UploadDesk) -> None:
    desk.client.fail = {"views_update": ["not_found"], "chat_postEphemeral": ["not_in_channel"]}
    upload(desk)
    assert chosen(desk) == {"100": "801", "101": "802"}


@pytest.mark.parametrize("ids", [(), ("F1", "F2"), (1,), (None,), ("",)])
def test_malformed_uploads_are_refused(
    desk: UploadDesk, files: FakeFiles, ids: tuple[object, ...]
) -> None:
    assert "cannot read" in desk.submit(ADMIN, uploaded(*ids)).text
    assert files.asked == []


def test_strangers_upload_nothing(desk: UploadDesk, files: FakeFiles) -> None:
    assert "Only administrators" in upload(desk, STRANGER).text
    assert files.asked == []
    assert "Only administrators" in desk.click(STRANGER, Act.OPEN_MAPPING_FILE).said


def test_a_program_without_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = sit(None, monkeypatch)
    assert "takes no files" in desk.click(ADMIN, Act.OPEN_MAPPING_FILE).said


def test_the_list_is_asked_for(desk: UploadDesk) -> None:
    answer = desk.click(ADMIN, Act.REQUEST_MAPPING_FILE)
    assert "comes into the thread" in answer.said
    (command,) = desk.engine.commands
    assert isinstance(command.action, c.RequestMappingFile)
