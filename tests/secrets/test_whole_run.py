"""After a whole run: no secret anywhere, in no form, and no file that others may read."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.http_intake import MOST_BYTES
from bot.masking import MASK, forms
from bot.settings import Settings
from tests.attacks import Cases
from tests.secrets.whole_run import Traces, secret_settings, travelled

pytestmark = [pytest.mark.xdist_group("whole_run"), pytest.mark.timeout(400)]
EVERYWHERE = (
    "a whole run's log, database, files, output and messages searched for each secret in each form"
)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Traces:
    return travelled(tmp_path_factory.mktemp("whole"))


def everything(traces: Traces) -> Iterator[tuple[str, bytes]]:
    """Yield all that was left, with where it is."""
    yield "the log", traces.log.encode()
    for words, said in traces.printed.items():
        yield f"sunset {words}", said.encode()
    for place, shown in traces.shown.items():
        yield f"Slack: {place}", shown.encode()
    for name, (_, held) in traces.living.items():
        yield f"{name} while the bot ran", held
    for path in traces.directory.rglob("*"):
        if path.is_file() and path.name != "audit.pem":
            yield str(path.relative_to(traces.directory)), path.read_bytes()


def test_the_whole_run_went_well_over_http(traces: Traces) -> None:
    assert traces.wrong == []
    assert traces.ready == {"ready": True, "missing": []}
    runs = json.loads(traces.printed["runs list --json"])
    assert [run["state"] for run in runs] == ["planning", "completed"]
    assert '"problems": []' in traces.printed["audit verify --json"]


def test_there_was_something_to_find(traces: Traces) -> None:
    """The services did repeat the tokens, the libraries did speak, and all of it was looked at."""
    assert traces.echoed > 1
    assert MASK in traces.printed["doctor --json"]
    assert MASK in traces.shown["sent to Slack"]
    assert MASK in traces.log
    assert '"level": "debug"' in traces.log
    places = dict(everything(traces))
    assert {"sunset.db", "copy.db"} <= places.keys()
    assert any(place.startswith("backups/") for place in places)
    assert any(place.startswith("exports/") for place in places)
    assert b"/uninstall-salesforce" in places["Slack: sent to Slack"]
    for name in Settings.model_fields:
        if "SecretStr" in str(Settings.model_fields[name].annotation):
            assert name.upper() in traces.secrets
    assert secret_settings().values() != traces.secrets.values()


@pytest.mark.attack("secrets", EVERYWHERE)
def test_no_secret_is_left_anywhere(traces: Traces, cases: Cases) -> None:
    places = list(everything(traces))
    key = (traces.directory / "audit.pem").read_text("ascii").splitlines()
    sought = {**traces.secrets, **{f"key file {n}": one for n, one in enumerate(key[1:-1])}}
    found = []
    for name, secret in sought.items():
        for form in {*forms(secret), *(part for part in secret.split(",") if len(part) > 20)}:
            wanted = form.encode()
            found += [f"{name} in {place}" for place, held in places if wanted in held]
            cases.add(len(places))
    assert not found


@pytest.mark.attack("secrets", EVERYWHERE)
def test_no_beginning_of_a_token_is_left_anywhere(traces: Traces, cases: Cases) -> None:
    """What is cut short gives enough away."""
    places = list(everything(traces))
    found = []
    for name, secret in traces.secrets.items():
        if name.isupper():
            begun = secret[:16].encode()
            found += [f"{name} in {place}" for place, held in places if begun in held]
            cases.add(len(places))
    assert not found


@pytest.mark.attack(
    "secrets", "the rights of every file that a whole run wrote, whatever the umask"
)
def test_nobody_else_may_read_what_was_written(traces: Traces, cases: Cases) -> None:
    modes = {
        str(path.relative_to(traces.directory)): _mode(path) for path in traces.directory.rglob("*")
    }
    wrong = {
        name: oct(mode)
        for name, mode in modes.items()
        if mode != (0o700 if (traces.directory / name).is_dir() else 0o600)
    }
    assert not wrong
    living = {name: mode for name, (mode, _) in traces.living.items()}
    assert set(living.values()) == {0o600}, living
    assert {"sunset.db", "sunset.db-wal", "sunset.db-shm", "sunset.db.lock"} <= living.keys()
    names = " ".join(modes)
    for expected in ("sunset.db", "sunset.db.lock", "copy.db", "backups/", "exports/", ".jsonl"):
        assert expected in names
    cases.add(len(modes) + len(living))


def test_payloads_are_far_smaller_than_what_is_read(traces: Traces) -> None:
    assert 1_000 < traces.largest < MOST_BYTES / 10


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
