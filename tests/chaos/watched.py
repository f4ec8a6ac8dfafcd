"""The worker as people run it, which also says now and then how many tasks it has: nothing outside can count them."""

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Final

from worker.app import run
from worker.cli.loop import run_in_loop
from worker.settings import Settings, load
from worker.telemetry import configure_logging

COUNTED: Final = "tasks_counted"
EVERY_S: Final = 5.0


async def _watched(settings: Settings) -> None:
    counting = asyncio.create_task(_count(), name="count")
    try:
        await run(settings)
    finally:
        counting.cancel()
        with suppress(asyncio.CancelledError):
            await counting


async def _count() -> None:
    while True:
        sys.stdout.write(json.dumps({"event": COUNTED, "pid": os.getpid(), "tasks": len(asyncio.all_tasks())}) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(EVERY_S)


if __name__ == "__main__":
    settings = load(Settings)
    configure_logging(settings.log_format, settings.log_level)
    run_in_loop(_watched(settings))
