"""Kill the bot at every failpoint of the walks that are named, or of all: `python -m tests.death`.

Ends with 1 if somebody could have noticed. Four walks take about eight minutes.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.death.test_death import noticed
from tests.death.walks import WALKS


def main(names: list[str]) -> int:
    """Go the walks, and say what came of each."""
    wrong = 0
    for walk in WALKS:
        if names and walk.name not in names:
            continue
        with TemporaryDirectory() as folder:
            deaths, found = noticed(walk, Path(folder))
        wrong += len(found)
        sys.stdout.write("\n".join([f"{walk.name}: killed {deaths} times", *found]) + "\n")
        sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
