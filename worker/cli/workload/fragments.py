"""Fragmentation: free GPUs that nobody who waits could use, though they are free."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from worker.cli.workload.amounts import Amounts, Machine, Task
from worker.cli.workload.view import Picture


class Kind(NamedTuple):
    """What tasks that are alike look for."""

    bare: Amounts
    gpus: int
    share: int
    models: frozenset[str]

    @classmethod
    def of(cls, task: Task) -> "Kind":
        return cls(task.wants._replace(gpu_milli=0), task.gpus, task.share, task.models)


@dataclass(frozen=True, slots=True)
class Fragments:
    """In thousandths of a GPU: how much there is, how much is free, and how much of that is no use to who waits."""

    there: int
    free: int
    useless: int

    @property
    def share(self) -> float:
        """Of all GPUs."""
        return self.useless / self.there if self.there else 0.0


def fragments(picture: Picture, used: Mapping[str, Amounts], waiting: Iterable[Task]) -> Fragments:
    """With so much `used` of each provider; of those who wait the ones who want GPUs count."""
    kinds = {Kind.of(task) for task in waiting if task.wants.gpu_milli}
    there = free = useful = 0
    for machine in picture.machines:
        left = {gpu: max(0, picture.capacity[gpu].gpu_milli - used[gpu].gpu_milli) for gpu in machine.gpus}
        there += sum(picture.capacity[gpu].gpu_milli for gpu in machine.gpus)
        free += sum(left.values())
        if any(left.values()):
            rest = picture.capacity[machine.provider].minus(used[machine.provider])
            useful += sum(left[gpu] for gpu in _useful(machine, rest, left, kinds))
    return Fragments(there, free, free - useful)


def _useful(machine: Machine, rest: Amounts, left: Mapping[str, int], kinds: Iterable[Kind]) -> set[str]:
    """The GPUs that some kind could use."""
    found: set[str] = set()
    for kind in kinds:
        if kind.bare.fits_in(rest) and (not kind.models or machine.model in kind.models):
            fitting = [gpu for gpu, amount in left.items() if amount >= kind.share]
            if len(fitting) >= kind.gpus:
                found.update(fitting)
    return found
