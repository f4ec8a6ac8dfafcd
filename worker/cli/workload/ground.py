"""The demonstration's own ground on shared servers: a database, a topology under a prefix, a worker as a program."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from worker.cli.broker import broker_of, linked
from worker.cli.endings import Complaint
from worker.postgres.migrate import upgrade
from worker.postgres.own import address_of, create_database, drop_database
from worker.rabbit.declare import declare
from worker.rabbit.remove import remove
from worker.rabbit.topology import topology
from worker.settings import BrokerSettings, DatabaseSettings, load

ENDS_WITHIN_S: Final = 30.0
LOG_LINES: Final = 5


class WorkerProgram:
    """A worker that was started, its log in a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    async def ended(self) -> int:
        """Its exit code, negative for a signal, once it has ended by itself."""
        return await self._process.wait()

    async def stop(self) -> int:
        """Ask it to stop, as an operator does; its exit code. Raises Complaint when it does not."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                return await self.ended()
        except TimeoutError:
            raise Complaint(f"The worker did not stop within {ENDS_WITHIN_S:g} s.") from None

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self.ended()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-LOG_LINES:])


class Ground:
    """Where the demonstration stands: the settings that lead to its own database and topology."""

    def __init__(self, database: DatabaseSettings, name: str, broker: BrokerSettings, folder: Path) -> None:
        self.database = database
        self.database_name = name
        self.broker = broker
        self._folder = folder

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[WorkerProgram]:
        """A worker on this ground, started as people start it; ended at the latest when left."""
        environment = {
            **os.environ,
            "ALLOCATION_DATABASE_URL": self.database.database_url.get_secret_value(),
            "ALLOCATION_BROKER_URL": self.broker.broker_url.get_secret_value(),
            "ALLOCATION_PREFIX": self.broker.prefix,
            "ALLOCATION_HTTP_PORT": "0",
            "ALLOCATION_ROLE": "both",
            "ALLOCATION_LOG_FORMAT": "json",
            # What an operator set for other workers: the addresses are given, from wherever they came.
            "ALLOCATION_DATABASE_URL_FILE": "",
            "ALLOCATION_BROKER_URL_FILE": "",
        }
        log = self._folder / "worker.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "worker", "run", env=environment, stdout=output, stderr=output
            )
            program = WorkerProgram(process, log)
            try:
                yield program
            finally:
                await program.kill()


@asynccontextmanager
async def ground(keep: bool) -> AsyncIterator[Ground]:
    """Made on the servers that the environment names, and gone at the end unless it is to be kept."""
    mark = uuid4().hex[:8]
    server = load(DatabaseSettings).database_url.get_secret_value()
    name = f"demo_{mark}"
    broker = load(BrokerSettings, prefix=f"demo-{mark}")
    own = load(DatabaseSettings, database_url=address_of(server, name))
    async with linked(broker_of(broker, "demo")) as link:  # before anything is made: there may be no broker
        await create_database(server, name)
        with tempfile.TemporaryDirectory(prefix="allocation-demo-") as folder:
            try:
                await asyncio.to_thread(upgrade, own.database_url.get_secret_value())
                await declare(link, topology(broker.prefix, broker.history))
                yield Ground(own, name, broker, Path(folder))
            finally:
                if not keep:
                    await _cleared(server, name, broker)


async def _cleared(server: str, name: str, broker: BrokerSettings) -> None:
    try:
        async with linked(broker_of(broker, "demo")) as link:  # its own: the other one may be what broke
            await remove(link, topology(broker.prefix, history=broker.history))
    finally:
        await drop_database(server, name)
