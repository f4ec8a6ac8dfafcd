"""Strategies side by side, for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from worker.cli.workload.amounts import WHOLE_GPU
from worker.cli.workload.bars import milliseconds, percent
from worker.cli.workload.replaying import Replay
from worker.cli.workload.tables import reason_table, show_beside, table
from worker.cli.workload.tally import percentile
from worker.cli.workload.usage import of_models


def show_comparison(console: Console, replays: Sequence[Replay]) -> None:
    reasons = [(one.strategy.value, one.waiting.reasons) for one in replays]
    show_beside(console, [_results(replays), *([reason_table(reasons)] if any(dict(reasons).values()) else [])])


def _results(replays: Sequence[Replay]) -> Table:
    made = table("Strategies side by side", "", *(f">{replay.strategy.value}" for replay in replays))
    made.add_row("tasks placed", *(f"{replay.placed:,} of {replay.came:,}" for replay in replays))
    made.add_row("share of tasks placed", *(percent(replay.placed / max(1, replay.came), 1) for replay in replays))
    for code in sorted({code for replay in replays for code in replay.waiting.refused}):
        made.add_row(f"refused, {code}", *(f"{replay.waiting.refused[code]:,}" for replay in replays))
    made.add_section()
    _add_use(made, replays)
    made.add_section()
    _add_fragments(made, replays)
    made.add_section()
    made.add_row("claims a second", *(f"{replay.played.rate:,.0f}" for replay in replays))
    latencies = [replay.line.tally.latencies_s for replay in replays]
    made.add_row("latency p50", *(milliseconds(percentile(one, 0.5)) for one in latencies))
    return made


def _add_use(made: Table, replays: Sequence[Replay]) -> None:
    """When most was in use."""
    made.add_row("GPUs in use at the most", *(f"{replay.fullest / WHOLE_GPU:,.0f}" for replay in replays))
    fills = [{fill.name: fill for fill in of_models(replay.picture, replay.used)} for replay in replays]
    for model, fill in fills[0].items():
        made.add_row(f"  {model}, of {fill.capacity / WHOLE_GPU:,.0f}", *(percent(one[model].share) for one in fills))


def _add_fragments(made: Table, replays: Sequence[Replay]) -> None:
    """When most was waited for."""
    wanted = [replay.waiting.most.wanted / WHOLE_GPU if replay.waiting.most else 0 for replay in replays]
    worst = [replay.waiting.worst() for replay in replays]
    made.add_row("GPUs waited for at the most", *(f"{one:,.0f}" for one in wanted))
    made.add_row("  free then", *("-" if one is None else f"{one.free / WHOLE_GPU:,.0f}" for one in worst))
    made.add_row(
        "  of no use to who waits", *("-" if one is None else f"{one.useless / WHOLE_GPU:,.0f}" for one in worst)
    )
    made.add_row("  fragmentation, of all", *("-" if one is None else percent(one.share, 1) for one in worst))
