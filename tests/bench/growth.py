"""`python -m tests.bench.growth`: what a long run of claims leaves in the tables, and whether it slows the worker down.

Consumers come, and each goes once so many others have come after it, so that rows die as fast as they are made. Old
outcomes lie in the inbox from the beginning, for the worker to delete meanwhile. All settings are the defaults.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from rich.console import Console

from tests.bench import growth_report
from tests.bench.ground import Ground, Place, connected, ground
from tests.bench.growth_report import Point
from tests.bench.machine import described
from tests.bench.programs import memory_mib, workers
from tests.bench.tables import Table, measured, settings_of
from tests.bench.workload import PROVIDERS, STRIDE, allocation, provider
from tests.e2e.worker_process import WorkerProcess

CLAIMS: Final = 1_000_000
# So many at once hold something in the end, and of the claims so many are outcomes that are old already.
HELD_SHARE: Final = 0.05
OLD_SHARE: Final = 0.2
POINTS: Final = 10
# Waiting in the queue: the worker never runs dry, and the broker is never full.
WAITING_MAX: Final = 20_000
PUBLISHED_AT_ONCE: Final = 5_000
WITHIN_S: Final = 7_200.0
# Of the whole, seen on two cores.
CLAIMS_A_SECOND: Final = 2_500

# Their batches are not those that are to come.
FILL_INBOX: Final = """
    INSERT INTO inbox (claim_id, fingerprint, types, bodies, batch, recorded_at)
    SELECT gen_random_uuid(), sha256(n::text::bytea), 'allocation.granted', $2, -n / 512,
           now() - interval '31 days' + n / 512 * interval '1 second'
    FROM generate_series(1, $1::bigint) AS n
"""
OLD_LEFT: Final = "SELECT count(*) FROM inbox WHERE recorded_at < now() - interval '1 day'"


def mixed(count: int, held: int) -> Iterator[dict[str, Any]]:
    """Claims of new consumers on the providers in turn; once `held` hold something, every other releases the oldest."""
    holding: deque[str] = deque()
    for number in range(count):
        if len(holding) > held:
            yield {"op": "allocation.release", "claim_id": str(uuid4()), "consumer": {"id": holding.popleft()}}
        else:
            claim = allocation(provider(number * STRIDE % PROVIDERS))
            holding.append(claim["consumer"]["id"])
            yield claim


@dataclass(slots=True)
class Growth:
    """A run: how many claims, and how many of them are published."""

    place: Place
    claims: int
    published: int = 0

    async def publish(self) -> None:
        """All of them, no faster than they are decided."""
        claims = mixed(self.claims, int(self.claims * HELD_SHARE))
        while lot := list(islice(claims, PUBLISHED_AT_ONCE)):
            async for _, waiting in self.place.looks(self.place.names.claims):
                if waiting < WAITING_MAX:
                    break
            await self.place.publish(lot)
            self.published += len(lot)

    async def points(self, running: WorkerProcess) -> AsyncIterator[Point]:
        """Before, and after each tenth, while they are decided. Raises RuntimeError where the worker ends."""
        began = last = time.monotonic()
        yield Point(0, 0.0, 0.0, memory_mib(running.pid), await self._tables())
        number = 1
        async for now, waiting in self.place.looks(self.place.names.claims, WITHIN_S):
            if not running.is_running:
                raise RuntimeError(running.log()[-2_000:])
            if self.published - waiting >= self.claims * number // POINTS:
                rate, mib = self.claims / POINTS / (now - last), memory_mib(running.pid)
                yield Point(self.claims * number // POINTS, now - began, rate, mib, await self._tables())
                last, number = now, number + 1
            if number > POINTS:
                return

    async def _tables(self) -> tuple[Table, ...]:
        async with connected(self.place.database_url) as connection:
            return await measured(connection)


async def run(prepared: Ground, claims: int, console: Console) -> tuple[list[Point], dict[str, str]]:
    """The points as they are told on the console, the last one after the worker has stopped; and the settings."""
    points = []
    async with prepared.place(heard=None) as place:
        async with connected(place.database_url) as connection:
            await connection.execute(FILL_INBOX, int(claims * OLD_SHARE), b"." * prepared.event_bytes)
            await connection.execute("VACUUM ANALYZE")
            settings = await settings_of(connection)
        growth = Growth(place, claims)
        async with workers(prepared, place, 1) as (running,), asyncio.TaskGroup() as tasks:
            tasks.create_task(growth.publish(), name="publish")
            async for point in growth.points(running):
                points.append(point)
                console.print(growth_report.told(point), highlight=False)
        async with connected(place.database_url) as connection:
            settings["old outcomes left"] = f"{await connection.fetchval(OLD_LEFT):,} of {int(claims * OLD_SHARE):,}"
            settings["claims refused"] = str(await place.refused())
            points.append(Point(claims, points[-1].seconds, 0.0, 0.0, await measured(connection)))
    return points, settings


async def _measured(claims: int, console: Console) -> tuple[dict[str, str], list[Point]]:
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        async with ground(Path(folder)) as prepared:
            about = await described(prepared)
            points, settings = await run(prepared, claims, console)
    return about | settings, points


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--claims", type=int, default=CLAIMS)
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="also write growth.md and growth.json there")
    options = parser.parse_args(arguments)
    console = Console(width=160)
    console.print(f"about {0.5 + options.claims / CLAIMS_A_SECOND / 60:.0f} minutes on two cores", highlight=False)
    about, points = asyncio.run(_measured(options.claims, console))
    console.print(growth_report.page(about, points), highlight=False, markup=False, soft_wrap=True)
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        figures = {"about": about, "points": [asdict(point) for point in points]}
        (options.report / "growth.json").write_text(json.dumps(figures, indent=2) + "\n")
        (options.report / "growth.md").write_text(growth_report.page(about, points))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
