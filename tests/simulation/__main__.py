"""`python -m tests.simulation`: many seeds on all processors, a summary, and every seed that failed."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from tests.simulation.kinds import Kind
from tests.simulation.shown import COUNTS, TRACE_LINES, Totals, digest, spread
from tests.simulation.world import Run, simulate

FAILURES_MAX = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where nothing was found."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--seed", type=int, help="run this one alone, and print all that happened in it")
    parser.add_argument("--digest", action="store_true", help="print a digest of what happened in each, in order")
    asked = parser.parse_args(arguments)
    if asked.seed is not None:
        return _replay(asked.seed)
    seeds = range(asked.first, asked.first + asked.seeds)
    if asked.digest:
        _say("\n".join(f"{seed} {digest(simulate(seed))}" for seed in seeds))
        return 0
    return _all(seeds)


def _replay(seed: int) -> int:
    run = simulate(seed)
    _say("\n".join(run.trace))
    _tell(run)
    return int(bool(run.report.findings))


def _all(seeds: range) -> int:
    begun, totals, failed = time.monotonic(), Totals(), list[int]()
    with spread(seeds) as runs:
        for run in runs:
            totals.add(run)
            if run.report.findings:
                failed.append(run.seed)
                _tell(run)
            if len(failed) >= FAILURES_MAX:
                break
    _say(f"{len(seeds)} seeds from {seeds.start} on in {time.monotonic() - begun:.0f} s")
    _say("  ".join(f"{name.replace('_', '-')} {totals.claims[name]}" for name in COUNTS))
    for kind in Kind:
        _say(f"{totals.happened[kind]:>9} {kind}")
    for seed in failed:
        _say(f"failed: make simulate ARGS='--seed {seed}'")
    return int(bool(failed))


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _tell(run: Run) -> None:
    _say(f"seed {run.seed}: {asdict(run.report)}")
    _say("\n".join(run.trace[-TRACE_LINES:]) if run.report.findings else "nothing was found")


if __name__ == "__main__":
    sys.exit(main())
