"""Machines, tasks and what they are measured in.

Processors are counted in thousandths of a core (`CUSTOM_MILLICPU`), since tasks ask for 3.152 cores and whole `VCPU`
would waste a fifth of a cluster; memory in MiB (`MEMORY_MB`); GPUs in thousandths, too (`CUSTOM_GPU_MILLI`), so that a
share and a whole one are the same class. A machine is a tree: itself with its processors and memory, and under it each
of its GPUs, a thousand thousandths, with its model as a trait.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self
from uuid import NAMESPACE_URL, uuid5

CLASSES: Final = ("CUSTOM_MILLICPU", "MEMORY_MB", "CUSTOM_GPU_MILLI")
CUSTOM_CLASSES: Final = ("CUSTOM_MILLICPU", "CUSTOM_GPU_MILLI")
WHOLE_GPU: Final = 1_000


class Amounts(NamedTuple):
    """One number for each of CLASSES."""

    millicpu: int = 0
    memory_mb: int = 0
    gpu_milli: int = 0

    def plus(self, other: "Amounts") -> "Amounts":
        return Amounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: "Amounts") -> "Amounts":
        return Amounts(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def fits_in(self, free: "Amounts") -> bool:
        return self.millicpu <= free.millicpu and self.memory_mb <= free.memory_mb and self.gpu_milli <= free.gpu_milli

    def as_resources(self) -> dict[str, int]:
        """{class: amount} without the zeros, as claims have it."""
        return {name: amount for name, amount in zip(CLASSES, self, strict=True) if amount}

    @classmethod
    def from_resources(cls, resources: Mapping[str, int]) -> Self:
        return cls(*(resources.get(name, 0) for name in CLASSES))


def total_of(amounts: Iterable[Amounts]) -> Amounts:
    """The sum, class by class."""
    return Amounts(*map(sum, zip(Amounts(), *amounts, strict=True)))


@dataclass(frozen=True, slots=True)
class Machine:
    """A tree-to-be: `gpus` are the ids of its GPUs, all of one `model`, which is empty where there is none.

    `total` is of all of it.
    """

    provider: str
    name: str
    total: Amounts
    model: str = ""
    gpus: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        count = self.total.gpu_milli // WHOLE_GPU
        object.__setattr__(self, "gpus", tuple(id_of("gpu", f"{self.provider}/{number}") for number in range(count)))

    def members(self) -> Iterator["Member"]:
        """The machine itself and its GPUs, parents first."""
        yield Member(self.provider, self.name, self.total._replace(gpu_milli=0))
        for number, gpu in enumerate(self.gpus):
            yield Member(gpu, f"{self.name}-gpu{number}", Amounts(gpu_milli=WHOLE_GPU), self.provider)


class Member(NamedTuple):
    """A provider of a machine's tree."""

    provider: str
    name: str
    has: Amounts
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A consumer-to-be: so many GPUs, each as much of `wants.gpu_milli`; no `models` means that any will do."""

    consumer: str
    name: str
    wants: Amounts
    models: frozenset[str] = frozenset()
    gpus: int = 1

    @property
    def share(self) -> int:
        """What it wants of each of its GPUs."""
        return self.wants.gpu_milli // max(1, self.gpus)


def trait_of(model: str) -> str:
    """The custom trait that stands for a GPU model."""
    return f"CUSTOM_GPU_{re.sub('[^A-Z0-9]', '_', model.upper())}"


def id_of(kind: str, name: str) -> str:
    """The same id for the same thing, so that declaring a fleet again changes nothing."""
    return str(uuid5(NAMESPACE_URL, f"allocation-worker:{kind}:{name}"))
