"""Placement served over HTTP by uWSGI, on a database of its own with the providers of the benchmarks."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from sqlalchemy.engine import make_url

from tests.bench.ground import Ground, connected, database
from tests.bench.peer.installed import installed, ran
from tests.bench.workload import AMOUNTS, PROVIDERS, ROOM, provider

READY_WITHIN_S: Final = 60.0
LOOK_EVERY_S: Final = 0.1

CONFIGURATION: Final = """
[api]
auth_strategy = noauth2
[placement_database]
connection = {database}
"""

INSERT_PROVIDERS: Final = """
    INSERT INTO resource_providers (id, uuid, name, generation, root_provider_id)
    SELECT n, uuid, 'machine-' || n, 0, n FROM unnest($1::text[]) WITH ORDINALITY AS given (uuid, n)
"""

INSERT_INVENTORIES: Final = """
    INSERT INTO inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size,
                             allocation_ratio)
    SELECT p.id, c.id, $2, 0, 1, 2147483647, 1, 1
    FROM resource_providers AS p, resource_classes AS c WHERE c.name = ANY ($1::text[])
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """Placement installed, its tables made."""

    programs: Path
    folder: Path
    database_url: str

    @property
    def environment(self) -> dict[str, str]:
        """With where its configuration is."""
        return {**os.environ, "OS_PLACEMENT_CONFIG_DIR": str(self.folder)}

    async def fill(self) -> None:
        """The 1,000 providers; its first start has brought the classes in."""
        async with self.serving(1), connected(self.database_url) as connection:
            await connection.execute(INSERT_PROVIDERS, [provider(number) for number in range(PROVIDERS)])
            await connection.execute(INSERT_INVENTORIES, list(AMOUNTS), ROOM)
            await connection.execute("VACUUM ANALYZE")

    @asynccontextmanager
    async def serving(self, processes: int) -> AsyncIterator[str]:
        """Its address, while so many processes answer."""
        port = _free_port()
        with (self.folder / "uwsgi.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                self.programs / "uwsgi",
                *("--http-socket", f"127.0.0.1:{port}", "--module", "placement.wsgi.api:application"),
                *("--master", "--processes", str(processes), "--enable-threads", "--need-app", "--die-on-term"),
                *("--disable-logging", "--listen", "100"),
                env=self.environment,
                stdout=log,
                stderr=log,
            )
            try:
                address = f"http://127.0.0.1:{port}"
                await self._ready(address, process)
                yield address
            finally:
                if process.returncode is None:
                    process.send_signal(signal.SIGTERM)
                await process.wait()

    async def _ready(self, address: str, process: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(READY_WITHIN_S), aiohttp.ClientSession() as session:
            while True:
                if process.returncode is not None:
                    raise RuntimeError((self.folder / "uwsgi.log").read_text()[-2_000:])
                try:
                    async with session.get(address):
                        return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(LOOK_EVERY_S)  # it listens once it can, and tells nobody


@asynccontextmanager
async def peer(ground: Ground) -> AsyncIterator[Peer]:
    """Placement with the 1,000 providers; its database is dropped when left."""
    programs = await installed()
    async with database(ground.database_url, "template1") as url:
        plain = make_url(url).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
        folder = ground.folder / "placement"
        folder.mkdir()
        # in its files a dollar sign begins a reference
        configuration = folder / "placement.conf"
        configuration.write_text(CONFIGURATION.format(database=plain.replace("$", "$$")))
        made = Peer(programs, folder, url)
        await ran(programs / "placement-manage", "--config-file", str(configuration), "db", "sync")
        await made.fill()
        yield made


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
