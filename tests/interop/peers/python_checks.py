"""What the clients in Python share."""

import asyncio
import os
import sys
import traceback

BASE = sys.argv[1] if len(sys.argv) > 1 else ""
CA = sys.argv[2] if len(sys.argv) > 2 else None
PATTERN = bytes(range(251))
TEXT = "".join(f"line {i} of the text\n" for i in range(2000))


def pattern(size):
    return (PATTERN * (size // 251 + 1))[:size]


def equal(got, wanted):
    assert got == wanted, f"wanted {wanted!r:.80}, got {got!r:.80}"


async def run_all(checks, *arguments):
    """Runs `checks`, functions, with the arguments; ends the program."""
    failed = 0
    for check in checks:
        try:
            await asyncio.wait_for(check(*arguments), 60)
            print(f"ok {check.__name__}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED {check.__name__}: {type(error).__name__}: {error}", flush=True)
            if os.environ.get("PEERS_TRACE"):
                traceback.print_exc()
    sys.exit(1 if failed else 0)
