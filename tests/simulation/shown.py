"""A run cut down to what is told of it; apart from the program, whose processes cannot find what stands in it."""

import hashlib
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

from tests.simulation.kinds import Kind
from tests.simulation.world import Run, simulate

TRACE_LINES = 60
CHUNK = 8
COUNTS = ("attempts", "granted", "rejected", "parked", "lost", "doubled", "recovered", "over_allocated", "unexpected")


@dataclass(slots=True)
class Totals:
    """What happened in many runs; see `Run`. `claims` are counted as the checker does."""

    claims: Counter[str] = field(default_factory=Counter)
    happened: Counter[Kind] = field(default_factory=Counter)
    crashed_at: Counter[str] = field(default_factory=Counter)
    engine: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, run: Run) -> None:
        """One more."""
        report = asdict(run.report)
        self.claims.update({name: report[name] for name in COUNTS})
        self.happened.update(run.happened)
        self.crashed_at.update(run.crashed_at)
        self.engine.update(run.engine)
        self.outcomes.update(run.outcomes)


def digest(run: Run) -> str:
    """The same for two runs only if the same happened in both, in the same order and at the same time."""
    history = hashlib.sha256("\n".join(run.trace).encode())
    for message in run.told:
        history.update(f"{message}".encode())
    history.update(f"{run.report}".encode())
    return history.hexdigest()


def short(seed: int) -> Run:
    """A run with the end of its trace, and none where nothing was found."""
    run = simulate(seed)
    return replace(run, trace=run.trace[-TRACE_LINES:] if run.report.findings else (), told=())


@contextmanager
def spread(seeds: Iterable[int]) -> Iterator[Iterator[Run]]:
    """The runs of these seeds in order, cut down, on all processors."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as processes:
        yield processes.imap(short, seeds, chunksize=CHUNK)
