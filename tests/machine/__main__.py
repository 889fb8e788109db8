"""`make soak`: the machine with new random numbers, for as many minutes as are given."""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine import machine


def main() -> int:
    """Run until the time is over, or a promise is broken; print what was done."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--examples", type=int, default=50, help="in one round")
    parser.add_argument("--steps", type=int, default=40, help="in one example")
    given = parser.parse_args()

    until, rounds = time.monotonic() + given.minutes * 60, 0
    while time.monotonic() < until:
        rounds += 1
        run_state_machine_as_test(
            machine.seeded(secrets.randbelow(1 << 32)),
            settings=settings(
                max_examples=given.examples,
                stateful_step_count=given.steps,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        done = machine.DID.total()
        sys.stdout.write(f"rounds: {rounds}, examples: {machine.EXAMPLES[0]}, steps: {done}\n")
        sys.stdout.flush()
    for name, times in sorted(machine.STATES.items()):
        sys.stdout.write(f"{times:8}  in {name.value}\n")
    for what, times in machine.DID.most_common():
        sys.stdout.write(f"{times:8}  {what}\n")
    return 0


if __name__ == "__main__":
    with machine.quietly():
        sys.exit(main())
