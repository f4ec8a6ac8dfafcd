"""`python -m tests.bench`: the rows of the design's table, measured on the servers that the environment names."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console

from tests.bench import declares, latencies, memory, rates, report, statements
from tests.bench.arms import ONE, compared, needed
from tests.bench.figures import Line
from tests.bench.ground import Ground, ground
from tests.bench.machine import described

ROWS: Final = ("1", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; all rows together take about 20 minutes, and 4 when quick."""

    claims: int
    repetitions: int
    latency_s: float
    memory_claims: int
    declared: int
    quick: bool


# Of the table where no terminal says how wide it is.
WIDTH: Final = 160
WHOLE: Final = Size(claims=15_000, repetitions=3, latency_s=6.0, memory_claims=100_000, declared=100_000, quick=False)
QUICK: Final = Size(claims=6_000, repetitions=2, latency_s=2.0, memory_claims=40_000, declared=10_000, quick=True)


async def run(rows: set[str], size: Size, console: Console) -> tuple[dict[str, str], list[Line]]:
    """What it was measured on, and the lines."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, console.status("preparing") as status:

        def say(what: str) -> None:
            status.update(what)

        async with ground(Path(folder)) as prepared:
            about = await described(prepared)
            about["claims"] = f"{size.claims:,} a run, {prepared.claim_bytes} bytes each; events {prepared.event_bytes}"
            asked = compared(rows, quick=size.quick)
            arms = needed(asked, [ONE] if "9" in rows else ())
            found = await rates.measure(prepared, arms, size.claims, size.repetitions, say)
            lines = rates.lines(found, asked)
            if "9" in rows:
                rate_max = median(found.of[ONE])
                lines += await latencies.measure(prepared, rate_max, size.latency_s, size.repetitions, say)
            lines += await _single(prepared, rows, size)
    return about, lines


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
    options = _parser().parse_args(arguments)
    plan = QUICK if options.quick else WHOLE
    size = Size(
        claims=options.claims or plan.claims,
        repetitions=options.repetitions or plan.repetitions,
        latency_s=plan.latency_s,
        memory_claims=options.memory_claims or plan.memory_claims,
        declared=options.declared or plan.declared,
        quick=plan.quick,
    )
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    about, lines = asyncio.run(run(set(options.row or ROWS), size, console))
    report.show(console, about, lines)
    if options.json:
        options.json.write_text(json.dumps(report.as_json(about, lines), indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--row", action="append", choices=ROWS, help="only this row; may be repeated")
    parser.add_argument("--quick", action="store_true", help="about 4 minutes, less to be relied on")
    parser.add_argument("--claims", type=int, help="claims in a preloaded queue")
    parser.add_argument("--repetitions", type=int, help="how often each figure is taken")
    parser.add_argument("--memory-claims", type=int, help="claims of row 11")
    parser.add_argument("--declared", type=int, help="providers of row 12")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
