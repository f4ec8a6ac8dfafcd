"""`replay`: a cluster's trace as claims."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from worker.cli.client import client
from worker.cli.endings import FAILED, Complaint, WrongUse
from worker.cli.loop import run_in_loop
from worker.cli.screen import complain
from worker.cli.workload.claims import STRATEGIES
from worker.cli.workload.cluster import Cluster
from worker.cli.workload.comparing import Comparison
from worker.cli.workload.comparison_report import show_comparison
from worker.cli.workload.moments import Moment, Pace, moments
from worker.cli.workload.progress import Advance, progress
from worker.cli.workload.trace import read_nodes, read_tasks
from worker.placement.request import Strategy
from worker.settings import BrokerSettings, load

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(no_args_is_help=True)
def replay(  # noqa: PLR0913, PLR0917 - every flag of a command line is a parameter
    nodes: Annotated[Path, typer.Option(metavar="FILE", help="CSV: sn, cpu_milli, memory_mib, gpu, model.")],
    tasks: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="CSV: name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec (`A|B`: either), creation_time,"
            " deletion_time (empty: stays).",
        ),
    ],
    strategy: Annotated[
        list[Strategy] | None, typer.Option(help="How a place is chosen; repeat it to compare. Without it: all three.")
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Nobody goes: see how full the nodes get.")] = False,
    rate: Annotated[float | None, typer.Option(min=0.001, help="At most so many claims a second.")] = None,
    speed: Annotated[float | None, typer.Option(min=0.001, help="So many seconds of the trace in one.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many tasks.")] = None,
) -> None:
    """Replay a cluster's trace against a running worker, as fast as it goes unless told otherwise, and sum it up.

    Declares the nodes, then has each task placed when it came (allocation.place) and released when it went, in the
    order of the trace; one strategy after another, each on the nodes as they were before. Replaying again starts
    anew: the same nodes and tasks have the same ids. Who finds no place waits until its time to go, and is not tried
    again.

    Cores count as CUSTOM_MILLICPU, memory as MEMORY_MB. Each GPU of a node is a provider below it, with
    CUSTOM_GPU_MILLI, a thousand of them, and its model as a trait: a share is met by a single one.

    Needs ALLOCATION_BROKER_URL and a worker with the role both. Exit code 1 where a refusal does not explain itself.
    """
    machines = read_nodes(nodes)
    traced = read_tasks(tasks, limit)
    if not traced:
        raise WrongUse(f"{tasks}: there are no tasks in it.")
    one = Comparison(Cluster(machines))
    models = {model for each in traced for model in each.task.models}
    run_in_loop(_run(one, strategy or STRATEGIES, models, moments(traced, stay=stay), Pace(rate, speed)))
    console = Console()
    console.print()
    console.rule(Text(f"{len(machines):,} machines, {len(traced):,} tasks", style="bold"))
    show_comparison(console, one.replays)
    if one.unexplained:
        complain(f"{len(one.unexplained)} refusals do not explain themselves; the first: {one.unexplained[0]}")
        raise typer.Exit(FAILED)


async def _run(
    one: Comparison, strategies: Sequence[Strategy], models: set[str], turns: list[Moment], pace: Pace
) -> None:
    console = Console(stderr=True)

    def shown(what: str, total: int) -> AbstractContextManager[Advance]:
        return progress(console, what, total)

    async with client(load(BrokerSettings), "replay", seen_with_words=one.hear) as publisher:
        with progress(console, "Declaring", len(one.cluster.picture.names), "providers") as advance:
            await one.cluster.load(publisher, advance, models)
        if one.cluster.refused:
            raise Complaint(f"A node could not be declared: {one.cluster.refused[0]}")
        await one.play(publisher, strategies, turns, pace, shown)
