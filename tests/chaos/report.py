"""A run in words and figures: for people on the screen, for others as JSON."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from statistics import median
from typing import Any, Final

from tests.chaos.faults import Struck
from tests.chaos.run import Run
from tests.chaos.verdict import COUNTS

FINDINGS_SHOWN: Final = 30


def lines(run: Run) -> Iterator[str]:
    """For people."""
    counts = run.verdict.counts
    rate = counts["attempts"] / run.seconds if run.seconds else 0.0
    yield ""
    yield f"seed {run.plan.seed}, {run.plan.workers} workers ({run.starts} starts), {len(run.struck)} faults"
    yield f"{run.seconds:.0f} s, {rate:,.0f} claims/s through the faults, {run.verdict.events:,} events received"
    yield ", ".join(f"{name} {counts[name]:,}" for name in COUNTS)
    yield ""
    yield f"{'fault':38} {'times':>5} {'first event after, median':>26} {'longest':>9}"
    for name, struck in sorted(by_kind(run).items()):
        found = sorted(one.first_s for one in struck if one.first_s is not None)
        middle, longest = (f"{median(found):.2f} s", f"{found[-1]:.2f} s") if found else ("never", "never")
        noticed = [f"{one.noticed_s:.1f} s" for one in struck if one.noticed_s is not None]
        late = f"  {sum(one.late for one in struck)} late" if any(one.late for one in struck) else ""
        after = f"  noticed after {', '.join(noticed)}" if noticed else ""
        yield f"{name:38} {len(struck):>5} {middle:>26} {longest:>9}{after}{late}"
    yield ""
    yield from _vitals(run)
    yield from (f"missed: {what}" for what in run.missed)
    yield from run.verdict.findings[:FINDINGS_SHOWN]
    if len(run.verdict.findings) > FINDINGS_SHOWN:
        yield f"and {len(run.verdict.findings) - FINDINGS_SHOWN} more"
    yield "all promises held" if run.is_good else "NOT all promises held"


def _vitals(run: Run) -> Iterator[str]:
    told = run.vitals
    yield f"{'the worker never killed':38} {'start':>9} {'middle':>9} {'end':>9}"
    for what, flat in told["flat"].items():
        values = " ".join(f"{_number(told[span][what]):>9}" for span in ("start", "middle", "end"))
        yield f"{what:38} {values}  {'flat' if flat else 'NOT FLAT'}"
    yield f"workers at the broker: {run.broker_use.get('start')} at the start, {run.broker_use.get('end')} at the end"
    yield ""


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def by_kind(run: Run) -> dict[str, list[Struck]]:
    """The faults by what they are called."""
    found: defaultdict[str, list[Struck]] = defaultdict(list)
    for one in run.struck:
        found[one.name].append(one)
    return found


def as_json(run: Run) -> dict[str, Any]:
    """All of it."""
    return {
        "plan": asdict(run.plan), "seconds": run.seconds, "counts": dict(run.verdict.counts),
        "events": run.verdict.events, "regions": run.verdict.regions, "findings": run.verdict.findings,
        "faults": [asdict(one) for one in run.struck], "vitals": run.vitals, "samples": run.samples,
        "broker_use": run.broker_use, "load": run.load, "starts": run.starts, "missed": run.missed, "good": run.is_good,
    }  # fmt: skip
