"""Tables and how they stand beside each other, for reports."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from worker.cli.workload.bars import Bars, milliseconds
from worker.cli.workload.tally import PERCENTILES, percentile

CODE_BAR: Final = 14


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


def reason_table(columns: Sequence[tuple[str, Counter[str]]]) -> Table:
    """Why no place was found, the most frequent reason first; a column each of what is compared."""
    made = table("Why no place was found", "what lacked", *(f">{name}" for name, _ in columns))
    total = Counter[str]()
    for _, reasons in columns:
        total.update(reasons)
    for reason, _ in sorted(total.items(), key=lambda row: (-row[1], row[0])):
        made.add_row(reason, *(f"{reasons[reason]:,}" for _, reasons in columns))
    return made
