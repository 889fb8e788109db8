"""`python -m bench ack|start|history|reassign|all [--json]`; docs/benchmarks.md explains each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from bench import ack, history, reassign, start
from bench.numbers import Goal, Json
from bench.processes import Failed
from sandbox.client import NotSeen, Refused

Benchmark = tuple[Callable[..., tuple[Json, list[Goal]]], Callable[[Json], str]]
BENCHMARKS: dict[str, Benchmark] = {
    "ack": (ack.run, ack.text),
    "start": (start.run, start.text),
    "history": (history.run, history.text),
    "reassign": (reassign.run, reassign.text),
}


def main() -> int:
    """Run what was asked for; exit status 0 measured, 1 something failed, 2 wrong usage.

    A goal that is missed is told, and is no failure: numbers depend on the machine.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("benchmark", choices=(*BENCHMARKS, "all"))
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--records", type=int, help="reassign: how many (100,000)")
    parser.add_argument("--owners", type=int, help="reassign: of how many owners (20)")
    arguments = parser.parse_args()
    sizes = {name: getattr(arguments, name) for name in ("records", "owners")}
    sizes = {name: size for name, size in sizes.items() if size is not None}
    if sizes and arguments.benchmark != "reassign":
        parser.error("--records and --owners belong to reassign")
    if any(size < 1 for size in sizes.values()):
        parser.error("--records and --owners must be at least 1")
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
