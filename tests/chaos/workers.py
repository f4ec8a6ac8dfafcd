"""Workers, each in a place of its own, and who starts one again where it has ended."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

WORKER: Final = ("tests.chaos.watched",)
KILLED: Final = -signal.SIGKILL
STOP_S: Final = 60.0
AGAIN_AFTER_S: Final = 0.2
STARTS_S: Final = 5.0
"""As long as a worker may take until it knows how to take a SIGTERM."""


class Slot:
    """A place for one worker at a time. `expected`: its end is wanted; another end is one of `surprises`."""

    def __init__(self, number: int, environment: Mapping[str, str], log: Path) -> None:
        self.number = number
        self.log = log
        self.started_at = 0.0
        self.starts = 0
        self.surprises: list[str] = []
        self._environment = environment
        self._next: Sequence[str] = WORKER
        self._process: asyncio.subprocess.Process | None = None
        self._expected: set[int] = set()
        self._closing = False
        self._ended = asyncio.Event()
        self._started = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Of the worker, while there is one."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self) -> None:
        """Start a worker, and another whenever it has ended, until told to stop."""
        with self.log.open("ab") as log:
            while not self._closing:
                module, *arguments = self._next
                self._expected = set() if self._next is WORKER else {KILLED}
                self._next = WORKER
                self._ended.clear()
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", module, *arguments, env=dict(self._environment), stdout=log, stderr=log
                )
                self.started_at = time.time()
                self.starts += 1
                self._started.set()
                code = await self._process.wait()
                if code not in self._expected:
                    self.surprises.append(f"worker {self.number} ended by itself with exit code {code}")
                self._ended.set()
                if not self._closing:
                    await asyncio.sleep(AGAIN_AFTER_S)

    def signal(self, number: signal.Signals) -> None:
        """Send it one; nobody there, nothing done."""
        if self._process is None or self.pid is None:
            return
        if number in {signal.SIGKILL, signal.SIGTERM}:
            self._expected |= {KILLED} if number is signal.SIGKILL else {0}
            if number is signal.SIGTERM and time.time() - self.started_at < STARTS_S:
                self._expected.add(-number)
        self._process.send_signal(number)

    async def ended(self, within_s: float = STOP_S) -> bool:
        """Once the worker there is now has ended; False where it did not in time."""
        try:
            await asyncio.wait_for(self._ended.wait(), within_s)
        except TimeoutError:
            return False
        return True

    async def replace(self, *command: str) -> None:
        """Kill the worker and start that in its place, which is then expected to be killed, once."""
        self._next = command
        self._started.clear()
        self.signal(signal.SIGKILL)
        await self.ended()
        await self._started.wait()

    def close(self) -> None:
        """Let the worker finish, and start no other."""
        self._closing = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)


@asynccontextmanager
async def supervised(count: int, environment: Mapping[str, str], folder: Path) -> AsyncIterator[list[Slot]]:
    """So many workers; all of them have ended when this is left, killed if need be."""
    slots = [Slot(number, environment, folder / f"worker-{number}.log") for number in range(count)]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(slot.run(), name=f"worker {slot.number}") for slot in slots]
        try:
            yield slots
        finally:
            for slot in slots:
                slot.close()
            _, late = await asyncio.wait(running, timeout=STOP_S)
            for slot in slots:
                if slot.pid is not None:
                    slot.surprises.append(f"worker {slot.number} did not stop within {STOP_S:.0f} s")
                    slot.signal(signal.SIGKILL)
            if late:
                await asyncio.wait(late)
