"""The tool that takes the documents' pictures, started from a shell that knows no virtualenv."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "take-pictures"
WALKS = "#!/bin/sh\necho \"$@\" > '{log}'\nexit 3\n"


def test_the_walk_is_photographed_with_the_projects_own_python(tmp_path: Path) -> None:
    python, log = tmp_path / "venv" / "bin" / "python", tmp_path / "asked"
    python.parent.mkdir(parents=True)
    python.write_text(WALKS.format(log=log))
    python.chmod(0o755)
    clean = {"PATH": os.defpath, "HOME": str(tmp_path), "VENV": str(tmp_path / "venv")}
    # The walk fails, so that no picture is taken.
    done = subprocess.run(
        [TOOL, "no-such-picture"], check=False, env=clean, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert log.exists(), done.stderr
    assert log.read_text().split() == ["-m", "pytest", "tests/browser/test_default_scenario.py"]
