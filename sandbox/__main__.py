"""`python -m sandbox`: start the three servers and print the environment that a bot needs."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from sandbox.scenario import ScenarioError, load
from sandbox.servers import Ports, PortTaken, Sandbox
from sandbox.world import World

READ_BYTES = 65_536


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A local Slack, HubSpot and Salesforce. Ports default to free ones.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--slack-port", type=int, default=0, metavar="N")
    parser.add_argument("--hubspot-port", type=int, default=0, metavar="N")
    parser.add_argument("--salesforce-port", type=int, default=0, metavar="N")
    parser.add_argument(
        "--scenario", metavar="FILE", help="a TOML file, or the name of a shipped one"
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end when standard input is closed"
    )
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _announce(sandbox: Sandbox) -> None:
    for name, value in sandbox.environment().items():
        _say(f"{name}={value}")
    _say("SANDBOX_READY=1")


def _stop_when_stdin_closes(sandbox: Sandbox) -> None:
    def wait() -> None:
        # os.read, since a thread inside sys.stdin would hold its lock when Python ends.
        while os.read(0, READ_BYTES):
            pass
        sandbox.stop()

    threading.Thread(target=wait, daemon=True).start()


async def _serve(sandbox: Sandbox, until_stdin_closes: bool) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, sandbox.stop)

    def ready() -> None:
        _announce(sandbox)
        if until_stdin_closes:
            _stop_when_stdin_closes(sandbox)

    await sandbox.serve(ready)


def main() -> int:
    """Run the sandbox; exit status 0 ended as asked, 1 a port is taken, 2 wrong use."""
    arguments = _arguments()
    ports = Ports(arguments.slack_port, arguments.hubspot_port, arguments.salesforce_port)
    try:
        world = World(load(arguments.scenario))
        with tempfile.TemporaryDirectory(prefix="sunset-sandbox-") as directory:
            sandbox = Sandbox(world, arguments.host, ports, Path(directory))
            asyncio.run(_serve(sandbox, arguments.until_stdin_closes))
    except ScenarioError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    except PortTaken as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
