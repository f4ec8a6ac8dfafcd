"""`replay`: a cluster's trace as claims."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from worker.cli.client import client
from worker.cli.endings import WrongUse
from worker.cli.loop import run_in_loop
from worker.cli.workload.progress import progress
from worker.cli.workload.replay_report import show_replay
from worker.cli.workload.replaying import Pace, Replay, moments
from worker.cli.workload.trace import read_nodes, read_tasks
from worker.settings import BrokerSettings, load

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(no_args_is_help=True)
def replay(
    nodes: Annotated[Path, typer.Option(metavar="FILE", help="CSV: sn, cpu_milli, memory_mib, gpu, model.")],
    tasks: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="CSV: name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec (`A|B`: either), creation_time,"
            " deletion_time (empty: stays).",
        ),
    ],
    rate: Annotated[float | None, typer.Option(min=0.001, help="At most so many claims a second.")] = None,
    speed: Annotated[float | None, typer.Option(min=0.001, help="So many seconds of the trace in one.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many tasks.")] = None,
) -> None:
    """Replay a cluster's trace against a running worker, as fast as it goes unless told otherwise, and sum it up.

    Declares the nodes, then sets each task when it came (allocation.set) and releases it when it went, in the order
    of the trace, on the first node that has room in what the events tell. Replaying again starts anew: the same nodes
    and tasks have the same ids.

    Cores count as CUSTOM_MILLICPU, memory as MEMORY_MB, GPUs as CUSTOM_GPU_MILLI, a thousand each; the GPU's model is
    a trait. A node is one provider, so its GPUs are one sum: that a share fits on a single one of them is not checked.

    Needs ALLOCATION_BROKER_URL and a worker with the role both.
    """
    machines = read_nodes(nodes)
    traced = read_tasks(tasks, limit)
    if not traced:
        raise WrongUse(f"{tasks}: there are no tasks in it.")
    one = Replay(machines)
    turns = moments(traced)

    async def run() -> None:
        console = Console(stderr=True)
        async with client(load(BrokerSettings), "replay", seen_with_words=one.hear) as publisher:
            with progress(console, "Declaring", len(machines), "machines") as advance:
                await one.load(publisher, advance)
            with progress(console, "Replaying", len(turns)) as advance:
                await one.play(publisher, turns, Pace(rate, speed), advance)

    run_in_loop(run())
    show_replay(Console(), one)
