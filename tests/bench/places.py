"""Claims for which the worker finds the providers: three classes and one of 20 traits, `pack`."""

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Any, Final
from uuid import uuid4

from tests.bench.fleets import TRAITS
from tests.bench.workload import consumer

SHAPES: Final = 32
SEED: Final = 20_260_101

Request = dict[str, Any]


def flat_shapes(count: int) -> Iterator[dict[str, Any]]:
    """Claims of 32 shapes on providers that stand alone, the n-th shape as often as 1 / n; the same each time."""
    return map(place, islice(zipf(flat_request), count))


def flat_distinct(count: int) -> Iterator[dict[str, Any]]:
    """Claims on providers that stand alone, hardly ever the same request twice; the same each time."""
    random = _random()
    return (place(flat_request(random)) for _ in range(count))


def tree_shapes(count: int) -> Iterator[dict[str, Any]]:
    """Claims of 32 shapes on trees, the n-th shape as often as 1 / n; the same each time."""
    return map(place, islice(zipf(tree_request), count))


def place(request: Request) -> dict[str, Any]:
    """A claim of a new consumer."""
    return {"op": "allocation.place", "claim_id": str(uuid4()), "consumer": consumer(), "request": request}


def flat_request(random: Random) -> Request:
    """Three classes and a trait of one provider."""
    amounts = {
        "VCPU": random.randint(1, 8),
        "MEMORY_MB": random.randint(256, 16_384),
        "DISK_GB": random.randint(1, 200),
    }
    return {"groups": {"": {"resources": amounts, "required": [random.choice(TRAITS)]}}, "strategy": "pack"}


def tree_request(random: Random) -> Request:
    """Processors and memory of one node, and one device, in a tree whose root has a trait."""
    node = {"resources": {"VCPU": random.randint(1, 4), "MEMORY_MB": random.randint(256, 8_192)}}
    device = {"resources": {"PGPU": random.randint(1, 3)}}
    return {
        "groups": {"_node": node, "_device": device},
        "group_policy": "none",
        "root_required": [random.choice(TRAITS)],
        "strategy": "pack",
    }


def zipf(make: Callable[[Random], Request]) -> Iterator[Request]:
    """Requests of few shapes, for ever."""
    random = _random()
    shapes = [make(random) for _ in range(SHAPES)]
    weights = [1 / (number + 1) for number in range(SHAPES)]
    while True:
        yield from random.choices(shapes, weights, k=1_000)


def _random() -> Random:
    return Random(SEED)  # noqa: S311 - the same claims in each run
