"""The worker as the process that people run, and the signals that they send it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

READY_S = 30.0
ENDED_S = 30.0


class WorkerProcess:
    """One `allocation-worker run`, its log in a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def log(self) -> str:
        """All that it has logged."""
        return self._log.read_text()

    def signal(self, number: signal.Signals) -> None:
        """Send it one."""
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, negative for a signal, once it has ended."""
        async with asyncio.timeout(ENDED_S):
            return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def logged(self, event: str, times: int = 1) -> None:
        """Once `event` stands in the log so many times."""
        await self.said(f'"{event}"', times)

    async def said(self, words: str, times: int = 1) -> None:
        """Once these stand in the log so many times."""
        async with asyncio.timeout(READY_S):
            while self.log().count(words) < times:
                assert self.is_running, self.log()
                await asyncio.sleep(0.05)  # the log is another process's file: it cannot signal us


@asynccontextmanager
async def worker(
    database_url: str,
    broker_url: str,
    prefix: str,
    log: Path,
    settings: Mapping[str, str] | None = None,
    until: str = "consuming",
) -> AsyncIterator[WorkerProcess]:
    """A worker that has logged `until`, on these servers; killed at the end if it still runs."""
    environment = {
        **os.environ,
        "ALLOCATION_DATABASE_URL": database_url,
        "ALLOCATION_BROKER_URL": broker_url,
        "ALLOCATION_PREFIX": prefix,
        "ALLOCATION_DECLARE_TOPOLOGY": "true",
        "ALLOCATION_HTTP_PORT": "0",
        "ALLOCATION_ROLE": "claims",
        **(settings or {}),
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "worker", "run", env=environment, stdout=output, stderr=output
        )
        running = WorkerProcess(process, log)
        try:
            await running.logged(until)
            yield running
        finally:
            if running.is_running:
                await running.kill()
