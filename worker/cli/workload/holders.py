"""Who holds what, as outcomes told; those of whom a claim is under way are set aside until it is settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from worker.cli.workload.amounts import Amounts


@dataclass(frozen=True, slots=True)
class Holding:
    """What a consumer holds on one machine."""

    consumer: Mapping[str, Any]
    place: int
    holds: Amounts
    generation: int

    @property
    def id(self) -> str:
        return str(self.consumer["id"])


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
        index = random.randrange(len(self._settled))
        self._settled[index], self._settled[-1] = self._settled[-1], self._settled[index]
        return self._settled.pop()
