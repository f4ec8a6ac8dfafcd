"""What came of a replay, for people."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.cli.workload.amounts import CLASSES, Amounts
from worker.cli.workload.bars import Bars, percent
from worker.cli.workload.replaying import Replay
from worker.cli.workload.report import outcome_table, show_beside, speed_rows, table
from worker.cli.workload.usage import WORDS, Fill, said


def show_replay(console: Console, replay: Replay) -> None:
    console.print()
    console.rule(Text(f"{len(replay.machines):,} machines", style="bold"))
    bars = Bars(console)
    show_beside(console, [_summary(replay), _fullest(replay, bars)])
    if replay.line.tally.outcomes:
        show_beside(console, [outcome_table(replay.line.tally.outcomes, bars)])


def _summary(replay: Replay) -> Table:
    made = table("Replay", "", ">")
    tally = replay.line.tally
    made.add_row("tasks placed", f"{replay.placed:,}")
    for code, count in sorted(replay.refused.items()):
        made.add_row(f"refused, {code}", f"{count:,}")
    made.add_row("no room found", f"{replay.no_room:,}")
    made.add_row("claims", f"{tally.answered:,} in {replay.seconds:.1f} s")
    made.add_row("throughput", f"{tally.answered / max(replay.seconds, 1e-9):,.0f} claims/s")
    for row in speed_rows(tally.latencies_s):
        made.add_row(*row)
    return made


def _fullest(replay: Replay, bars: Bars) -> Table:
    made = table("In use by these tasks when it was most", "", "", ">", ">")
    total = Amounts()
    for machine in replay.machines:
        total = total.plus(machine.total)
    for name, used, capacity in zip(CLASSES, replay.fullest, total, strict=True):
        fill = Fill(name, used, capacity)
        made.add_row(WORDS[name], bars.bar(fill.share), percent(fill.share), said(fill))
    return made
