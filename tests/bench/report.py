"""How figures are shown: a table for people, JSON for whoever compares runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Line

COLOURED: Final = {"yes": "[green]yes[/]", "no": "[red]no[/]", "": ""}


def show(console: Console, about: Mapping[str, str], lines: Sequence[Line]) -> None:
    """Print the machine, the table and its notes."""
    for name, what in about.items():
        console.print(f"{name:>10}  {what}", highlight=False)
    table = Table("row", "measure", "value", "beside it", "ratio", "spread", "target", "met?")
    for line in lines:
        *plain, met = cells(line)
        table.add_row(*plain, COLOURED[met])
    console.print(table)
    for note in dict.fromkeys(f"row {line.row}: {line.note}" for line in lines if line.note):
        console.print(note, highlight=False)


def as_json(about: Mapping[str, str], lines: Sequence[Line]) -> dict[str, Any]:
    """All figures, each repetition's too."""
    return {"about": dict(about), "lines": [_fields(line) for line in lines]}


def cells(line: Line) -> tuple[str, ...]:
    """A line as text: row, measure, value, what is beside it, ratio, spread, target, and whether that is met."""
    target = line.target
    floor = "" if line.floor_value is None else f"{_number(line.floor_value)} {line.floor}"
    return (
        line.row,
        line.measure,
        f"{_number(line.value)} {line.unit}",
        floor,
        "" if line.ratio is None else f"{line.ratio:.2f}",
        f"±{line.spread / 2:.0%} of {len(line.values)}",
        "" if target is None else f"{target.sense} {target.bound:g}",
        {True: "yes", False: "no", None: ""}[line.met],
    )


def _fields(line: Line) -> dict[str, Any]:
    return {
        "row": line.row,
        "measure": line.measure,
        "unit": line.unit,
        "values": line.values,
        "beside": line.floor,
        "beside_values": line.floors,
        "ratios": line.ratios,
        "ratio": line.ratio,
        "spread": line.spread,
        "target": None if line.target is None else f"{line.target.sense} {line.target.bound:g}",
        "met": line.met,
        "note": line.note,
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
