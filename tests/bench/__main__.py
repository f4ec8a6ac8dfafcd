"""`python -m tests.bench`: the rows of the design's table, measured on the servers that the environment names."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console

from tests.bench import declares, latencies, memory, paper, rates, report, statements
from tests.bench.arms import ONE, compared, needed
from tests.bench.figures import Line
from tests.bench.ground import Ground, ground
from tests.bench.machine import described
from tests.bench.peer import compared as peer
from tests.bench.size import QUICK, WHOLE, Size, minutes
from tests.bench.sweeps import SWEEPS, curves, swept

PEER: Final = "2"
ROWS: Final = ("1", PEER, "3", "4", "5", "6", "7", "8", "9", "10", "11", "12")
# Of the table where no terminal says how wide it is.
WIDTH: Final = 160


@dataclass(frozen=True, slots=True)
class Found:
    """What it was measured on, the lines of the table, and the figures of the plots."""

    about: dict[str, str]
    lines: list[Line]
    curves: dict[str, Any]


async def run(rows: set[str], size: Size, console: Console) -> Found:
    """Measure; says first how long it will take."""
    asked = [*compared(rows, quick=size.quick), *swept(rows)]
    arms = needed(asked, [ONE] if rows & {PEER, "9"} else ())
    console.print(f"about {minutes(rows, size, arms):.0f} minutes on two cores", highlight=False)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, console.status("preparing") as status:

        def say(what: str) -> None:
            status.update(what)

        async with ground(Path(folder)) as prepared:
            about = await described(prepared)
            about["claims"] = f"{size.claims:,} a run, {prepared.claim_bytes} bytes each; events {prepared.event_bytes}"
            found = await rates.measure(prepared, arms, size.claims, size.repetitions, say)
            lines = rates.lines(found, asked)
            if PEER in rows:
                lines += await peer.measure(prepared, found.of[ONE], size.peer_s, say)
            if "9" in rows:
                rate_max = median(found.of[ONE])
                lines += await latencies.measure(prepared, rate_max, size.latency_s, size.repetitions, say)
            lines += await _single(prepared, rows, size)
    lines.sort(key=lambda line: [*ROWS, *SWEEPS].index(line.row))
    return Found(about, lines, curves(found))


async def _single(prepared: Ground, rows: set[str], size: Size) -> list[Line]:
    lines: list[Line] = []
    if "10" in rows:
        lines += await statements.measure(prepared)
    if "11" in rows:
        lines += await memory.measure(prepared, size.memory_claims)
    if "12" in rows:
        lines += await declares.measure(prepared, size.declared)
    return lines


def main(arguments: Sequence[str]) -> int:
    """Measure and print; a target that is not met is told in the table, not by the exit code."""
    options = parser().parse_args(arguments)
    given = {name: getattr(options, name) for name in ("claims", "repetitions", "memory_claims", "declared")}
    size = replace(
        QUICK if options.quick else WHOLE, **{name: value for name, value in given.items() if value is not None}
    )
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    found = asyncio.run(run(rows_of(options), size, console))
    report.show(console, found.about, found.lines)
    figures = {**report.as_json(found.about, found.lines), "curves": found.curves}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.report:
        paper.write(options.report, found.about, found.lines, figures)
    return 0


def rows_of(options: argparse.Namespace) -> set[str]:
    """Those asked for; else all, the peer's only if told to."""
    rows = set(options.row or (row for row in ROWS if row != PEER))
    if options.placement:
        rows.add(PEER)
    if options.report:
        rows.update(SWEEPS)
    return rows


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    made = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    made.add_argument("--row", action="append", choices=(*ROWS, *SWEEPS), help="only this row; may be repeated")
    made.add_argument("--placement", action="store_true", help="also row 2, for which Placement is installed")
    made.add_argument("--quick", action="store_true", help="less of everything, and less to be relied on")
    made.add_argument("--claims", type=int, help="claims in a preloaded queue")
    made.add_argument("--repetitions", type=int, help="how often each figure is taken")
    made.add_argument("--memory-claims", type=int, help="claims of row 11")
    made.add_argument("--declared", type=int, help="providers of row 12")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    made.add_argument("--report", type=Path, metavar="FOLDER", help="also write a report with plots there")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
