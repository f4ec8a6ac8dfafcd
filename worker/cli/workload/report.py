"""The demonstration's report, for people, at any width from 80 columns."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.cli.workload.amounts import WHOLE_GPU
from worker.cli.workload.bars import Bars, colour_of, percent
from worker.cli.workload.checks import Aftermath, Check
from worker.cli.workload.comparison_report import show_comparison
from worker.cli.workload.drive import Drive
from worker.cli.workload.tables import outcome_table, reason_table, show_beside, speed_rows, table
from worker.cli.workload.usage import WORDS, Fill, of_classes, of_machines, of_models, said
from worker.telemetry import printable

MACHINES_SHOWN: Final = 4


def show_report(console: Console, drive: Drive, after: Aftermath, found: Sequence[Check]) -> None:
    bars = Bars(console)
    gpus = sum(len(machine.gpus) for machine in drive.machines)
    console.print()
    console.rule(Text(f"{len(drive.machines):,} machines, {gpus:,} GPUs, seed {drive.seed}", style="bold"))
    show_beside(console, [_speed(drive), _fills(drive, bars)])
    reasons = drive.scenario.waiting.reasons
    show_beside(console, [_places(drive), *([reason_table([("tasks", reasons)])] if reasons else [])])
    show_beside(console, [outcome_table(drive.line.tally.outcomes, bars), _parked(after.letters)])
    show_beside(console, [_machines(drive, bars)])
    if drive.comparison.replays:
        console.print()
        console.rule(Text(f"the same day by each strategy, on {_part(drive)}", style="bold"))
        show_comparison(console, drive.comparison.replays)
    console.print()
    console.print(_checks(found, bars))
    bad = sum(not check.well for check in found)
    verdict = "All was well." if not bad else f"{bad} of {len(found)} checks failed."
    console.print()
    console.print(Text(verdict, style="bold green" if not bad else "bold red"))


def _part(drive: Drive) -> str:
    machines = drive.comparison.cluster.machines
    return f"{len(machines):,} of the machines, {sum(len(machine.gpus) for machine in machines):,} GPUs"


def _checks(found: Sequence[Check], bars: Bars) -> Table:
    made = Table.grid(padding=(0, 1))
    for check in found:
        sign, style, words = (bars.yes, "green", "") if check.well else (bars.no, "bold red", "red")
        made.add_row(Text(sign, style=style), Text(printable(check.found), style=words))
    return made


def _speed(drive: Drive) -> Table:
    made = table("Speed, from publish to outcome", "", ">")
    made.add_row("claims", f"{drive.driven.count:,} in {drive.driven.seconds:.1f} s")
    made.add_row("throughput", Text(f"{drive.driven.rate:,.0f} claims/s", style="bold"))
    for row in speed_rows(drive.line.tally.latencies_s):
        made.add_row(*row)
    made.add_row("fleet loaded at", f"{drive.cluster.loaded.rate:,.0f} providers/s")
    return made


def _fills(drive: Drive, bars: Bars) -> Table:
    made = table("In use", "", "", ">", ">")
    for fill in of_classes(drive.cluster.picture):
        made.add_row(WORDS[fill.name], bars.bar(fill.share), percent(fill.share), said(fill))
    for fill in of_models(drive.cluster.picture, drive.cluster.picture.used):
        made.add_row(f"GPU {fill.name}", bars.bar(fill.share), percent(fill.share), _gpus(fill))
    return made


def _gpus(fill: Fill) -> str:
    return f"{fill.used / 1_000:,.0f} of {fill.capacity / 1_000:,.0f}"


def _places(drive: Drive) -> Table:
    scenario, now = drive.scenario, drive.scenario.waiting.at_last()
    made = table(f"Places, by {scenario.strategy.value}", "", ">")
    made.add_row("tasks placed", f"{scenario.placed:,} of {scenario.arrived:,}")
    made.add_row("share of tasks placed", percent(scenario.placed / max(1, scenario.arrived), 1))
    made.add_row("waiting at the end", f"{len(scenario.waiting.tasks):,}")
    made.add_row("GPUs free", f"{now.free / WHOLE_GPU:,.0f}")
    if scenario.waiting.tasks:
        made.add_row("  of no use to who waits", f"{now.useless / WHOLE_GPU:,.0f}")
        made.add_row("  fragmentation, of all", percent(now.share, 1))
    return made


def _parked(letters: Counter[str]) -> Table:
    made = table("Parked messages", "reason", ">messages")
    for reason, count in sorted(letters.items(), key=lambda row: (-row[1], row[0])):
        made.add_row(reason, f"{count:,}")
    return made


def _machines(drive: Drive, bars: Bars) -> Table:
    made = table("Fullest and emptiest machines", "machine", "", ">mean", ">cores", ">memory", ">GPUs")
    rows = of_machines(drive.cluster.picture)
    for number, (machine, mean, shares) in enumerate((*rows[:MACHINES_SHOWN], *rows[-MACHINES_SHOWN:])):
        cells = [Text(percent(share), style=colour_of(share)) for share in shares]
        cells += [Text("-", style="dim")] * (3 - len(cells))
        made.add_row(machine.name, bars.bar(mean), percent(mean), *cells, end_section=number == MACHINES_SHOWN - 1)
    return made
