"""The publisher and subscriber's process: what is told to it and what it tells."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

LINE_BYTES_MAX: Final = 1 << 20
LOOK_EVERY_S: Final = 0.1
STOP_S: Final = 30.0


class Load:
    """`figures`: the newest. `done` is set when all claims are made and settled; `moved_at`: when events last came."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._first: asyncio.Future[float] | None = None
        self.figures: dict[str, Any] = {"made": 0, "unsettled": 0, "events": 0, "doubts": 0}
        self.done = asyncio.Event()
        self.moved_at = time.time()

    async def listen(self) -> None:
        """Until it has said its last."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if "at" in said:
                if self._first is not None and not self._first.done():
                    self._first.set_result(said["at"])
                continue
            if said["events"] != self.figures["events"]:
                self.moved_at = time.time()
            self.figures = said
            if said.get("done"):
                self.done.set()
        if not self.done.is_set():
            raise RuntimeError(f"the publisher ended with exit code {await self._process.wait()}")

    def say(self, word: str) -> None:
        """One of the words that it knows."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())

    async def made(self, claims: int, within_s: float) -> None:
        """Once so many are made, or the time is over, in which the servers may be away."""
        deadline = time.time() + within_s
        # the figures come from another program, at times of its own
        while self.figures["made"] < claims and time.time() < deadline and not self.done.is_set():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)

    async def first_since(self, moment: float, within_s: float) -> float | None:
        """When the first event arrived that was decided after `moment`; None where none did in time."""
        self._first = asyncio.get_running_loop().create_future()
        self.say(f"since {moment}")
        try:
            return await asyncio.wait_for(self._first, within_s)
        except TimeoutError:
            return None


@asynccontextmanager
async def load(seed: int, environment: Mapping[str, str], journal: Path) -> AsyncIterator[Load]:
    """Claims being published; the process has ended when this is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.side", "--seed", str(seed),
        "--journal", str(journal), env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES_MAX,
    )  # fmt: skip
    running = Load(process)
    listening = asyncio.create_task(running.listen(), name="load")
    try:
        yield running
    finally:
        if not running.done.is_set() and process.returncode is None:
            running.say("stop")
        await _ended(process)
        await asyncio.wait([listening])
    listening.result()


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
