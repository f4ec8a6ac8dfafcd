"""What the resident view costs without broker and database: `python -m tests.bench.fleet_micro [counts]`.

Flat providers have 3 classes and one of 20 traits and are 70 % full; requests name 3 classes and one trait, `pack`.
Each choice is followed by the `move` that its grant makes; what was granted is released again by the oldest first, so
that the fleet stays as full as it was. Times are of the processor, not of the wall.
"""

import gc
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from time import process_time
from typing import Final
from uuid import UUID

from worker.placement.fleet.columns import Columns
from worker.placement.ids import ProviderId, ResourceClass, RowId, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Candidate, Group, Request, Strategy
from worker.placement.snapshot import ProviderRow

COUNTS: Final = (1_000, 10_000, 100_000)
CHUNK: Final = 2_000
CHANGED: Final = 256
SHAPES: Final = 32
KEPT_GRANTS: Final = 256
BATCH: Final = 256
CHANGED_ONCE_IN: Final = 10

VCPU, MEMORY, DISK = ResourceClass("VCPU"), ResourceClass("MEMORY_MB"), ResourceClass("DISK_GB")
GPU = ResourceClass("CUSTOM_GPU")
SIZES: Final = {VCPU: 64, MEMORY: 262_144, DISK: 4_096}
TRAITS: Final = [Trait(f"CUSTOM_RACK_{number}") for number in range(20)]
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def flat_rows(random: Random, count: int) -> Iterator[ProviderRow]:
    """Providers that stand alone."""
    for number in range(count):
        yield _row(random, number, None, SIZES, frozenset({TRAITS[number % 20]}))


def tree_rows(random: Random, count: int) -> Iterator[ProviderRow]:
    """Trees of 1 + 4 + 8: a host, 4 nodes that have its processors and memory, 8 devices."""
    for number in range(0, count, 13):
        host = _row(random, number, None, {DISK: 4_096}, frozenset({TRAITS[number % 20]}))
        nodes = [_row(random, number + 1 + n, host, {VCPU: 16, MEMORY: 65_536}, frozenset()) for n in range(4)]
        devices = [_row(random, number + 5 + n, nodes[n // 2], {GPU: 8}, frozenset()) for n in range(8)]
        yield from (host, *nodes, *devices)


def _row(
    random: Random, number: int, parent: ProviderRow | None, sizes: dict[ResourceClass, int], traits: frozenset[Trait]
) -> ProviderRow:
    provider = ProviderId(str(UUID(int=random.getrandbits(128))))
    stocks = {name: Stock(Inventory(size), int(size * random.uniform(0.5, 0.9))) for name, size in sizes.items()}
    return ProviderRow(
        row=RowId(number + 1), id=provider, name=f"provider-{number}", generation=1, state="enabled",
        parent=parent.id if parent else None, root=parent.root if parent else provider, created_at=NOW, updated_at=NOW,
        inventories=stocks, traits=traits,
    )  # fmt: skip


def flat_request(random: Random) -> Request:
    """Three classes and a trait; hardly ever the same twice."""
    amounts = {VCPU: random.randint(1, 8), MEMORY: random.randint(256, 16_384), DISK: random.randint(1, 200)}
    return Request(
        groups={"": Group(resources=amounts, required=(frozenset({random.choice(TRAITS)}),))}, strategy=Strategy.PACK
    )


def tree_request(random: Random) -> Request:
    """Processors and memory of one node, and one device."""
    node = Group(resources={VCPU: random.randint(1, 4), MEMORY: random.randint(256, 8_192)})
    device = Group(resources={GPU: random.randint(1, 3)})
    return Request(groups={"_node": node, "_device": device}, group_policy="none", strategy=Strategy.PACK)


def zipf(random: Random, make: Callable[[Random], Request], shapes: int = SHAPES) -> Iterator[Request]:
    """Some shapes for ever, the n-th as often as 1 / n; each time a request of its own, as if it had been read."""
    return of_shapes(random, [make(random) for _ in range(shapes)])


def of_shapes(random: Random, shapes: Sequence[Request]) -> Iterator[Request]:
    """These for ever, as `zipf` does."""
    weights = [1 / (n + 1) for n in range(len(shapes))]
    while True:
        for shape in random.choices(shapes, weights, k=1_000):
            yield replace(shape)


def distinct(random: Random, make: Callable[[Random], Request]) -> Iterator[Request]:
    """A new shape each time."""
    while True:
        yield make(random)


class Cluster:
    """Grants and releases on one fleet, with what a batch remembers of the providers that it has touched."""

    def __init__(self, fleet: Columns) -> None:
        self.fleet = fleet
        self.granted: deque[Candidate] = deque()
        self.refused = 0
        self._adopted: dict[ProviderId, tuple[int, dict[ResourceClass, Stock]]] = {}

    def place(self, requests: Iterable[Request]) -> None:
        """Choose and move for each; then all of it is kept."""
        for request in requests:
            found = self.fleet.choose(request, {}, "", None)
            if found is None:
                self.refused += 1
                continue
            self._move(found, 1)
            self.granted.append(found)
        self._keep()

    def release(self) -> None:
        """All but the latest grants end."""
        while len(self.granted) > KEPT_GRANTS:
            self._move(self.granted.popleft(), -1)
        self._keep()

    def _keep(self) -> None:
        self.fleet.keep()
        self._adopted.clear()

    def _move(self, candidate: Candidate, sign: int) -> None:
        for provider, amounts in candidate.allocations.items():
            if provider not in self._adopted:
                row = self.fleet.row(provider)
                assert row is not None
                self._adopted[provider] = row.generation, dict(row.inventories)
            generation, stocks = self._adopted[provider]
            for name, amount in amounts.items():
                inventory, used = stocks[name]
                stocks[name] = Stock(inventory, used + sign * amount)
            self._adopted[provider] = generation + 1, stocks
            self.fleet.move(provider, generation + 1, stocks)


def per_choice(fleet: Columns, requests: Iterator[Request], count: int) -> tuple[float, int]:
    """Microseconds per choose and move in the steady state, without making the requests; how many were refused."""
    cluster, taken, spent = Cluster(fleet), 0, 0.0
    cluster.place(islice(requests, min(count, 4 * SHAPES)))
    while taken < count:
        some = list(islice(requests, min(BATCH, count - taken)))
        begun = process_time()
        cluster.place(some)
        spent += process_time() - begun
        cluster.release()
        taken += len(some)
    return spent / count * 1e6, cluster.refused


def full_rows(random: Random, count: int) -> Iterator[ProviderRow]:
    """Providers that stand alone and have no room for any `full_request`."""
    for row in flat_rows(random, count):
        yield replace(
            row, inventories={name: _full(random, stock.inventory) for name, stock in row.inventories.items()}
        )


def full_request(random: Random) -> Request:
    """More processors than anybody has left; half of the shapes name a trait too."""
    amounts = {VCPU: random.randint(9, 16), MEMORY: random.randint(256, 65_536), DISK: random.randint(1, 200)}
    required = (frozenset({random.choice(TRAITS)}),) if random.random() < 0.5 else ()
    return Request(groups={"": Group(resources=amounts, required=required)}, strategy=Strategy.PACK)


def _full(random: Random, inventory: Inventory) -> Stock:
    return Stock(inventory, int(inventory.total * random.uniform(0.88, 1)))


def per_refusal(fleet: Columns, random: Random, shapes: Sequence[Request], count: int) -> tuple[float, float]:
    """Microseconds to choose and explain in vain while each tenth claim moves a provider; milliseconds at first."""
    first = sum(_refuse(fleet, [shape]) for shape in shapes)
    names, requests, spent = list(fleet.roots()), of_shapes(random, shapes), 0.0
    for _ in range(count // CHANGED_ONCE_IN):
        row = fleet.row(random.choice(names))
        assert row is not None
        stocks = {name: _full(random, stock.inventory) for name, stock in row.inventories.items()}
        fleet.move(row.id, row.generation + 1, stocks)
        fleet.keep()
        spent += _refuse(fleet, list(islice(requests, CHANGED_ONCE_IN)))
    return spent / count * 1e6, first / len(shapes) * 1e3


def _refuse(fleet: Columns, requests: Sequence[Request]) -> float:
    """Seconds to refuse all of these."""
    begun = process_time()
    found = [(fleet.choose(request, {}, "", None), fleet.explain(request, {})) for request in requests]
    spent = process_time() - begun
    assert not any(candidate for candidate, _ in found)
    return spent


def loaded(rows: Iterator[ProviderRow]) -> tuple[Columns, float, float]:
    """A fleet of these, with its load time in seconds, without making the rows, and its memory in MiB."""
    gc.collect()
    before, spent, fleet = _resident(), 0.0, Columns()
    while chunk := list(islice(rows, CHUNK)):
        begun = process_time()
        fleet.load(chunk)
        spent += process_time() - begun
    fleet.roots()
    del chunk
    gc.collect()
    return fleet, spent, _resident() - before


def refresh(fleet: Columns, random: Random, rows: list[ProviderRow]) -> float:
    """Milliseconds to take over the changed rows of one feed."""
    changed = random.sample(rows, min(CHANGED, len(rows)))
    known = [row for row in (fleet.row(one.id) for one in changed) if row is not None]
    newer = [replace(row, generation=row.generation + 1) for row in known]
    begun = process_time()
    fleet.refresh(newer, ())
    return (process_time() - begun) * 1e3


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 2**20


def main() -> None:
    """Print one line a size."""
    counts = [int(text) for text in sys.argv[1:]] or COUNTS
    head = (
        "providers",
        "MiB",
        "load s",
        "refresh 256 ms",
        "zipf us",
        "distinct us",
        "trees zipf us",
        "trees distinct us",
        "refused us",
        "refused first ms",
    )
    print(" | ".join(head))  # noqa: T201
    for count in counts:
        random = Random(count)  # noqa: S311
        fleet, spent, memory = loaded(flat_rows(random, count))
        taken_over = refresh(fleet, random, list(flat_rows(Random(count), count)))  # noqa: S311
        shaped, refused = per_choice(fleet, zipf(random, flat_request), 20_000)
        single, single_refused = per_choice(fleet, distinct(random, flat_request), 2_000)
        forest, _, _ = loaded(tree_rows(random, count))
        trees, trees_refused = per_choice(forest, zipf(random, tree_request), 2_000)
        apart, apart_refused = per_choice(forest, distinct(random, tree_request), 100)
        full, _, _ = loaded(full_rows(random, count))
        refusal, first = per_refusal(full, random, [full_request(random) for _ in range(SHAPES)], 20_000)
        cells = (
            f"{count:,}", f"{memory:.1f}", f"{spent:.2f}", f"{taken_over:.1f}", f"{shaped:.1f} ({refused} refused)",
            f"{single:.0f} ({single_refused})", f"{trees:.0f} ({trees_refused})", f"{apart:.0f} ({apart_refused})",
            f"{refusal:.1f}", f"{first:.2f}",
        )  # fmt: skip
        print(" | ".join(cells), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
