"""`python -m bot`: the command line ``sunset``, started as fast as it can be.

Importing makes very many objects and drops hardly any: garbage is not looked for meanwhile, and
what was made is never looked through again.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys

SERVING = frozenset({"run", "demo"})


def main() -> None:
    """Run the command line."""
    # There are none, and looking for them means reading about every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()
    cli = importlib.import_module("bot.cli")
    if SERVING.intersection(sys.argv[1:2]):
        importlib.import_module("bot.program")
    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
