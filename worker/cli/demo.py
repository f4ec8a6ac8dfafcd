"""`demo`: a cluster, thousands of claims, a report."""

import asyncio
import signal
import sys
from collections import Counter
from typing import Annotated, Final

import typer
from rich.console import Console

from worker.cli.broker import broker_of, linked
from worker.cli.client import client
from worker.cli.endings import FAILED, Complaint
from worker.cli.loop import run_in_loop
from worker.cli.screen import tell_aside
from worker.cli.workload.checks import Aftermath, checks
from worker.cli.workload.drive import Drive
from worker.cli.workload.fleet import MACHINES, fleet
from worker.cli.workload.ground import Ground, WorkerProgram, ground
from worker.cli.workload.progress import progress
from worker.cli.workload.report import show_report
from worker.postgres.audit import Finding, audit
from worker.postgres.database import Limits, create_engine
from worker.rabbit.dead import peek
from worker.rabbit.remove import count_ready
from worker.rabbit.topology import Names

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

CLAIMS: Final = 8_000
QUICK: Final = (150, 800)
TERMINATED: Final = 128 + signal.SIGTERM
# More letters than the demonstration makes, so that it sees those that it did not.
LETTERS_MAX: Final = 1_000


@app.command()
def demo(
    machines: Annotated[int, typer.Option(min=30, max=100_000, help="Machines in the cluster.")] = MACHINES,
    claims: Annotated[int, typer.Option(min=100, max=1_000_000, help="Claims to send.")] = CLAIMS,
    seed: Annotated[int, typer.Option(help="Another seed is another day in the cluster.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="A small one: 150 machines, 800 claims.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave its database and queues, and say where.")] = False,
) -> None:
    """Run a cluster's day against a worker of its own, and report. Exit code 0 only if all was well.

    Machines of a few dozen shapes are declared as trees, each GPU a provider of its own. On a part of them the same
    made-up day is played by three strategies of placing, one after another. On all of them tasks are then placed,
    grow, shrink and end, with mistakes, repeated messages and malformed ones in between.

    Needs ALLOCATION_DATABASE_URL (a user who may create databases) and ALLOCATION_BROKER_URL. It works in a database
    and under a prefix of its own, beside whatever runs there, and removes both at the end.
    """
    if quick:
        machines, claims = QUICK
    try:
        drive, after = run_in_loop(_run(Drive(fleet(machines), seed), claims, keep))
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    found = checks(drive, after)
    show_report(Console(), drive, after, found)
    if not all(check.well for check in found):
        raise typer.Exit(FAILED)


async def _run(drive: Drive, claims: int, keep: bool) -> tuple[Drive, Aftermath]:
    running = asyncio.current_task()
    if running is not None and sys.platform != "win32":
        # asked to stop it takes its worker, database and queues along
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with ground(keep) as place:
        async with place.worker() as worker:
            await _watched(worker, _driven(drive, place, claims))
            exit_code = await worker.stop()
            after = await _aftermath(place, exit_code, worker.last_words())
        if keep:
            tell_aside(f"Kept: {place.database_name}, and the prefix {place.broker.prefix} on the broker.")
        return drive, after


async def _watched(worker: WorkerProgram, driving: "asyncio.Task[None]") -> None:
    """Drive while the worker runs. Raises Complaint when it ends before."""
    ending = asyncio.ensure_future(worker.ended())
    try:
        await asyncio.wait((driving, ending), return_when=asyncio.FIRST_COMPLETED)
        if not driving.done():
            raise Complaint(f"The worker ended by itself, exit code {ending.result()}: {worker.last_words()}")
        driving.result()
    finally:
        driving.cancel()
        ending.cancel()
        await asyncio.gather(driving, ending, return_exceptions=True)


def _driven(drive: Drive, place: Ground, claims: int) -> "asyncio.Task[None]":
    async def drives() -> None:
        console = Console(stderr=True)
        async with client(place.broker, "demo", seen_with_words=drive.hear) as publisher:
            await drive.compare(publisher, lambda what, total: progress(console, what, total))
            with progress(console, "Declaring", len(drive.cluster.picture.names), "providers") as advance:
                await drive.load(publisher, advance)
            with progress(console, "Claiming", claims) as advance:
                await drive.drive(publisher, claims, advance)
            await drive.check(publisher)

    return asyncio.create_task(drives(), name="demo")


async def _aftermath(place: Ground, exit_code: int, last_words: str) -> Aftermath:
    broker, prefix = broker_of(place.broker, "demo"), place.broker.prefix
    letters = Counter(letter.reason for letter in await peek(broker, prefix, LETTERS_MAX))
    async with linked(broker) as link:
        waiting = await count_ready(link, Names(prefix).claims)
    return Aftermath(exit_code, letters, waiting, await _audited(place), last_words)


async def _audited(place: Ground) -> list[Finding]:
    url = place.database.database_url.get_secret_value()
    engine = create_engine(url, Limits(pool_size=1), "allocation-worker demo")
    try:
        return await audit(engine)
    finally:
        await engine.dispose()
