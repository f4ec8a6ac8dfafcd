"""The report: a page with the table and two plots, and beside it the figures they were made of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench import plots
from tests.bench.figures import Line
from tests.bench.report import cells

HEAD: Final = ("row", "measure", "value", "beside it", "ratio", "spread", "target", "met")

PAGE: Final = """\
# What was measured

{about}

Values are medians; a ratio is the median of ratios taken side by side, its spread half the distance between the
largest and the smallest.

{table}

{notes}

## Throughput by batch size

One worker empties a queue of claims on 1,000 named providers; the largest batch is set, all else is as it comes.

![claims a second by the largest batch]({batches})

## Cost by fleet size

Claims that name their providers, and claims for which the worker finds them, on fleets that are 70 % full.

![microseconds a claim, and the worker's memory, by providers]({fleets})
"""


def write(folder: Path, about: Mapping[str, str], lines: Sequence[Line], figures: Mapping[str, Any]) -> None:
    """`report.md`, its two plots and `figures.json`, in a folder that is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    plots.draw(folder, figures["curves"])
    notes = dict.fromkeys(f"- row {line.row}: {line.note}" for line in lines if line.note)
    page = PAGE.format(
        about="\n".join(f"- {name}: {what}" for name, what in about.items()),
        table="\n".join(_table([HEAD, ("---",) * len(HEAD), *map(cells, lines)])),
        notes="\n".join(notes),
        batches=plots.BATCHES,
        fleets=plots.FLEETS,
    )
    (folder / "report.md").write_text(page)


def _table(rows: Iterable[Sequence[str]]) -> Iterable[str]:
    return (f"| {' | '.join(row)} |" for row in rows)
