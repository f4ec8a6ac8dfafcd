"""What is compared with what, by emptying a preloaded queue."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.bench.figures import Target
from tests.bench.fleets import Fleet, flat, occupied, trees
from tests.bench.ground import Ground, Place
from tests.bench.places import flat_distinct, flat_shapes, tree_shapes
from tests.bench.programs import relay, workers
from tests.bench.workload import gathered, hot, spread, spread_over
from tests.e2e.worker_process import WorkerProcess

Start = Callable[[Ground, Place], AbstractAsyncContextManager[list[WorkerProcess]]]
Claims = Callable[[int], Iterator[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Arm:
    """Who empties the queue, what it is full of, and on what fleet; without one, on the 1,000 that are declared.

    Where providers have to be found, one claim goes through before the queue is filled, since the first such claim
    makes the worker load its view of the whole fleet. `share`: how many claims beside other arms, so that what is
    faster or slower is measured for about as long.
    """

    name: str
    start: Start
    claims: Claims = spread
    fleet: Fleet | None = None
    warmed: bool = False
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Compared:
    """A line of the table: one arm beside another."""

    row: str
    measure: str
    arm: Arm
    floor: Arm
    named: str
    target: Target | None
    only: Literal["quick", "whole"] | None = None


def one(ground: Ground, place: Place) -> AbstractAsyncContextManager[list[WorkerProcess]]:
    """A single worker."""
    return workers(ground, place, 1)


def two(ground: Ground, place: Place) -> AbstractAsyncContextManager[list[WorkerProcess]]:
    """Two workers on the same queue."""
    return workers(ground, place, 2)


def placing(name: str, fleet: Fleet, claims: Claims) -> Arm:
    """One worker that finds the providers itself."""
    return Arm(name, one, claims, fleet, warmed=True)


RELAY: Final = Arm("relay", relay)
LIBRARY_RELAY: Final = Arm("relay, the library's consumer", lambda ground, place: relay(ground, place, "--plain"))
BATCHED_RELAY: Final = Arm("relay, 64 claims a message", relay, gathered(64, spread), share=3.0)
ONE: Final = Arm("one worker", one)
TWO: Final = Arm("two workers", two)
BATCHED: Final = Arm("one worker, 64 claims a message", one, gathered(64, spread), share=3.0)
ONE_HOT: Final = Arm("one worker, one provider", one, hot)
TWO_HOT: Final = Arm("two workers, one provider", two, hot)
PLACE: Final = placing("place over 1,000", flat(1_000), flat_shapes)
PLACE_DISTINCT: Final = placing("place over 1,000, distinct", flat(1_000), flat_distinct)
PLACE_TREES: Final = placing("place over trees", trees(1_000), tree_shapes)
PLACE_10_000: Final = placing("place over 10,000", flat(10_000), flat_shapes)
PLACE_100_000: Final = placing("place over 100,000", flat(100_000), flat_shapes)
PLACE_100_000_DISTINCT: Final = placing("place over 100,000, distinct", flat(100_000), flat_distinct)
PLACE_100_000_TREES: Final = placing("place over 100,000 in trees", trees(100_000), tree_shapes)
FULL, LESS_FULL = occupied(100_000, 1_000_000), occupied(20_000, 200_000)
ONE_FULL: Final = Arm("one worker, full tables", one, spread_over(FULL.providers), FULL)
ONE_FULL_FEW: Final = Arm("one worker, full tables, 1,000 providers", one, spread, FULL)
ONE_LESS_FULL: Final = Arm("one worker, tables less full", one, spread_over(LESS_FULL.providers), LESS_FULL)

COMPARED: Final = (
    Compared(
        "1", "claims on 1,000 named providers", ONE, RELAY, "relay, the worker's consumer", Target("at least", 0.8)
    ),
    Compared(
        "1",
        "claims on 1,000 named providers",
        ONE,
        LIBRARY_RELAY,
        "relay, the library's consumer",
        Target("at least", 0.8),
    ),
    Compared("3", "one hot provider", ONE_HOT, ONE, "1,000 providers", Target("at least", 0.9)),
    Compared("4", "two workers, one hot provider", TWO_HOT, ONE_HOT, "one worker", Target("at least", 0.9)),
    Compared("4", "two workers, 1,000 providers", TWO, ONE, "one worker", Target("at least", 0.9)),
    Compared("5", "place over 1,000 providers", PLACE, ONE, "named", Target("at least", 0.8)),
    Compared("5", "the same, each request another", PLACE_DISTINCT, ONE, "named", None),
    Compared("5", "place over trees of 1 + 4 + 8, 1,001 providers", PLACE_TREES, ONE, "named", None),
    Compared("6", "place over 10,000 providers", PLACE_10_000, PLACE, "1,000 providers", Target("at least", 0.8)),
    Compared("6", "place over 100,000 providers", PLACE_100_000, PLACE, "1,000 providers", Target("at least", 0.5)),
    Compared(
        "6", "the same, each request another", PLACE_100_000_DISTINCT, PLACE_DISTINCT, "1,000 providers", None, "whole"
    ),
    Compared(
        "6", "place over trees, 100,009 providers", PLACE_100_000_TREES, PLACE_TREES, "1,001 providers", None, "whole"
    ),
    Compared("7", "64 claims a message", BATCHED, ONE, "one claim a message", Target("at least", 2.5)),
    Compared("7", "the same through the relay, no database", BATCHED_RELAY, RELAY, "one claim a message", None),
    Compared(
        "8",
        "named, on all of 100,000, 1,000,000 held",
        ONE_FULL,
        ONE,
        "1,000 and none",
        Target("at least", 0.9),
        "whole",
    ),
    Compared("8", "named, on 1,000 of the 100,000", ONE_FULL_FEW, ONE, "1,000 and none", None, "whole"),
    Compared(
        "8",
        "named, on all of 20,000, 200,000 held, a fifth of the row",
        ONE_LESS_FULL,
        ONE,
        "1,000 and none",
        Target("at least", 0.9),
        "quick",
    ),
)


def compared(rows: Collection[str], *, quick: bool) -> list[Compared]:
    """The lines of these rows."""
    length = "quick" if quick else "whole"
    return [line for line in COMPARED if line.row in rows and line.only in (None, length)]


def needed(lines: Iterable[Compared], also: Iterable[Arm] = ()) -> list[Arm]:
    """What has to be measured for these lines, and what else is asked for, once each."""
    return list(dict.fromkeys([*(arm for line in lines for arm in (line.floor, line.arm)), *also]))
