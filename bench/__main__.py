"""`python -m bench ack|start|history|reassign|backup|polling|all [--json]`; docs/ explains each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from bench import ack, backup, history, polling, reassign, start
from bench.numbers import Goal, Json
from bench.processes import Failed
from sandbox.client import NotSeen, Refused

Benchmark = tuple[Callable[..., tuple[Json, list[Goal]]], Callable[[Json], str]]
BENCHMARKS: dict[str, Benchmark] = {
    "ack": (ack.run, ack.text),
    "start": (start.run, start.text),
    "history": (history.run, history.text),
    "reassign": (reassign.run, reassign.text),
    "backup": (backup.run, backup.text),
    "polling": (polling.run, polling.text),
}
SIZES = {
    "records": ("reassign", "how many (100,000)"),
    "owners": ("reassign", "of how many owners (20)"),
    "rows": ("backup", "how many (25,000)"),
    "fields": ("backup", "of how many fields (60)"),
}


def main() -> int:
    """Run what was asked for; exit status 0 measured, 1 something failed, 2 wrong usage.

    A goal that is missed is told, and is no failure: numbers depend on the machine.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("benchmark", choices=(*BENCHMARKS, "all"))
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    for name, (owner, meaning) in SIZES.items():
        parser.add_argument(f"--{name}", type=int, help=f"{owner}: {meaning}")
    arguments = parser.parse_args()
    sizes = {name: getattr(arguments, name) for name in SIZES}
    sizes = {name: size for name, size in sizes.items() if size is not None}
    for name, size in sizes.items():
        if arguments.benchmark != SIZES[name][0]:
            parser.error(f"--{name} belongs to {SIZES[name][0]}")
        if size < 1:
            parser.error(f"--{name} must be at least 1")
    names = BENCHMARKS if arguments.benchmark == "all" else (arguments.benchmark,)
    answers: list[Json] = []
    try:
        for name in names:
            measure, text = BENCHMARKS[name]
            answer, goals = measure(**sizes)
            answers.append(answer)
            if not arguments.json:
                print(text(answer["results"]))
                print(*(goal.line() for goal in goals), "", sep="\n")
    except (Failed, NotSeen, Refused) as failed:
        sys.stderr.write(f"bench: {failed}\n")
        return 1
    if arguments.json:
        print(json.dumps(answers if arguments.benchmark == "all" else answers[0], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
