"""The programs under measurement, each a process of its own: workers and the relay."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.bench.ground import Ground, Place
from tests.e2e.worker_process import WorkerProcess, worker


@asynccontextmanager
async def workers(
    ground: Ground, place: Place, count: int, settings: Mapping[str, str] | None = None
) -> AsyncIterator[list[WorkerProcess]]:
    """So many workers, consuming, with default settings but for those given; stopped in order when left."""
    async with AsyncExitStack() as running:
        started = [
            await running.enter_async_context(
                worker(
                    place.database_url,
                    place.broker_url,
                    place.prefix,
                    ground.folder / f"worker-{number}.log",
                    settings,
                )
            )
            for number in range(count)
        ]
        yield started
        await _stop(started)


@asynccontextmanager
async def relay(ground: Ground, place: Place, *flags: str) -> AsyncIterator[list[WorkerProcess]]:
    """The relay, consuming; stopped when left."""
    log = ground.folder / "relay.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bench.relay",
            str(ground.event_file),
            *flags,
            env=_environment(place),
            stdout=output,
            stderr=output,
        )
        running = WorkerProcess(process, log)
        try:
            await running.logged("consuming")
            yield [running]
            await _stop([running])
        finally:
            if running.is_running:
                await running.kill()


async def answered(place: Place, module: str, *arguments: str) -> bytes:
    """What a program of ours prints, run to its end. Raises RuntimeError where it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, env=_environment(place), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return output


def memory_mib(pid: int) -> float:
    """The resident memory of a process."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1_024


async def _stop(programs: list[WorkerProcess]) -> None:
    for program in programs:
        program.signal(signal.SIGTERM)
    for program in programs:
        await program.ended()


def _environment(place: Place) -> dict[str, str]:
    return {
        **os.environ,
        "ALLOCATION_DATABASE_URL": place.database_url,
        "ALLOCATION_BROKER_URL": place.broker_url,
        "ALLOCATION_PREFIX": place.prefix,
    }
