"""The demonstration's report, for people, at any width from 80 columns."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from worker.cli.workload.bars import Bars, colour_of, milliseconds, percent
from worker.cli.workload.checks import Aftermath, Check
from worker.cli.workload.drive import Drive
from worker.cli.workload.scenario import refused_by_view
from worker.cli.workload.tally import PERCENTILES, percentile
from worker.cli.workload.usage import WORDS, Fill, of_classes, of_machines, of_models, said
from worker.telemetry import printable

MACHINES_SHOWN: Final = 4
CODE_BAR: Final = 14


def show_report(console: Console, drive: Drive, after: Aftermath, found: Sequence[Check]) -> None:
    bars = Bars(console)
    gpus = sum(machine.total.gpu_milli for machine in drive.machines) // 1_000
    console.print()
    console.rule(Text(f"{len(drive.machines):,} machines, {gpus:,} GPUs, seed {drive.seed}", style="bold"))
    show_beside(console, [_speed(drive), _fills(drive, bars)])
    show_beside(console, [_outcomes(drive.line.tally.outcomes, bars), _parked(after.letters)])
    show_beside(console, [_machines(drive, bars)])
    console.print()
    console.print(_notes(drive), style="dim", highlight=False)
    console.print()
    console.print(_checks(found, bars))
    bad = sum(not check.well for check in found)
    verdict = "All was well." if not bad else f"{bad} of {len(found)} checks failed."
    console.print()
    console.print(Text(verdict, style="bold green" if not bad else "bold red"))


def show_beside(console: Console, tables: Sequence[RenderableType]) -> None:
    """Next to each other where there is room, else below."""
    console.print()
    console.print(Columns(tables, padding=(1, 5)))


def table(title: str, *columns: str) -> Table:
    """A title, then rows; a column whose name begins with `>` is of numbers. Without names there is no heading."""
    headed = any(column.strip(">") for column in columns)
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if headed else box.SIMPLE,
        show_header=headed,
        show_edge=False,
        pad_edge=False,
    )
    for column in columns:
        made.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", no_wrap=True)
    return made


def speed_rows(latencies_s: Sequence[float]) -> Iterable[tuple[str, str]]:
    for share in PERCENTILES:
        yield f"latency p{round(100 * share)}", milliseconds(percentile(latencies_s, share))


def outcome_table(outcomes: Counter[str], bars: Bars) -> Table:
    """The most frequent first, their bars as parts of all."""
    made = table("Outcomes", "code", ">claims", "")
    total = outcomes.total()
    for code, count in sorted(outcomes.items(), key=lambda row: (-row[1], row[0])):
        accepted = "." in code
        bar = bars.bar(count / total, CODE_BAR, "green" if accepted else "yellow")
        made.add_row(Text(code, style="green" if accepted else ""), f"{count:,}", bar)
    return made


def _checks(found: Sequence[Check], bars: Bars) -> Table:
    made = Table.grid(padding=(0, 1))
    for check in found:
        sign, style, words = (bars.yes, "green", "") if check.well else (bars.no, "bold red", "red")
        made.add_row(Text(sign, style=style), Text(printable(check.found), style=words))
    return made


def _speed(drive: Drive) -> Table:
    made = table("Speed, from publish to outcome", "", ">")
    made.add_row("claims", f"{drive.driven.claims:,} in {drive.driven.seconds:.1f} s")
    made.add_row("throughput", Text(f"{drive.driven.rate:,.0f} claims/s", style="bold"))
    for row in speed_rows(drive.line.tally.latencies_s):
        made.add_row(*row)
    made.add_row("fleet loaded at", f"{drive.loaded.rate:,.0f} machines/s")
    return made


def _fills(drive: Drive, bars: Bars) -> Table:
    made = table("In use", "", "", ">", ">")
    for fill in of_classes(drive.picture):
        made.add_row(WORDS[fill.name], bars.bar(fill.share), percent(fill.share), said(fill))
    for fill in of_models(drive.picture):
        made.add_row(f"GPU {fill.name}", bars.bar(fill.share), percent(fill.share), _gpus(fill))
    return made


def _gpus(fill: Fill) -> str:
    return f"{fill.used / 1_000:,.0f} of {fill.capacity / 1_000:,.0f}"


def _outcomes(outcomes: Counter[str], bars: Bars) -> Table:
    return outcome_table(outcomes, bars)


def _parked(letters: Counter[str]) -> Table:
    made = table("Parked messages", "reason", ">messages")
    for reason, count in sorted(letters.items(), key=lambda row: (-row[1], row[0])):
        made.add_row(reason, f"{count:,}")
    return made


def _machines(drive: Drive, bars: Bars) -> Table:
    made = table("Fullest and emptiest machines", "machine", "", ">mean", ">cores", ">memory", ">GPUs")
    rows = of_machines(drive.picture)
    for number, (machine, mean, shares) in enumerate((*rows[:MACHINES_SHOWN], *rows[-MACHINES_SHOWN:])):
        cells = [Text(percent(share), style=colour_of(share)) for share in shares]
        cells += [Text("-", style="dim")] * (3 - len(cells))
        made.add_row(machine.name, bars.bar(mean), percent(mean), *cells, end_section=number == MACHINES_SHOWN - 1)
    return made


def _notes(drive: Drive) -> str:
    made, outcomes = drive.scenario.made, drive.line.tally.outcomes
    return (
        f"Schedulers saw no room and claimed nothing: {drive.scenario.no_room_seen:,}. "
        f"Refused because another one was faster, then tried elsewhere: {refused_by_view(made, outcomes):,}."
    )
