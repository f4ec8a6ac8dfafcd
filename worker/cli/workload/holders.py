"""Who holds what, as outcomes told; those of whom a claim is under way are set aside until it is settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from worker.cli.workload.amounts import CLASSES, Amounts

Allocations = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Holding:
    """What a consumer holds, by provider."""

    consumer: Mapping[str, Any]
    allocations: Allocations
    generation: int

    @property
    def id(self) -> str:
        return str(self.consumer["id"])

    @property
    def machine(self) -> str:
        """The provider of which it has processors."""
        return next(provider for provider, resources in self.allocations.items() if CLASSES[0] in resources)

    @property
    def bare(self) -> Amounts:
        """What it has of the machine itself."""
        return Amounts.from_resources(self.allocations[self.machine])


class Holders:
    """Drawn from at random, in constant time."""

    def __init__(self) -> None:
        self._settled: list[Holding] = []

    def __len__(self) -> int:
        return len(self._settled)

    def put(self, holding: Holding) -> None:
        self._settled.append(holding)

    def take(self, random: Random) -> Holding | None:
        """One of them, which is set aside; None where there is nobody."""
        if not self._settled:
            return None
        index = random.randrange(len(self._settled))  # nosec B311 - repeatable, no secret
        self._settled[index], self._settled[-1] = self._settled[-1], self._settled[index]
        return self._settled.pop()
