"""Machines, tasks and what they are measured in.

Processors are counted in thousandths of a core (`CUSTOM_MILLICPU`), since tasks ask for 3.152 cores and whole `VCPU`
would waste a fifth of a cluster; memory in MiB (`MEMORY_MB`); GPUs in thousandths, too (`CUSTOM_GPU_MILLI`), so that a
share and a whole one are the same class. The model of a machine's GPUs is a trait.
"""

import re
from dataclasses import dataclass
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
    def from_resources(cls, resources: dict[str, int]) -> Self:
        return cls(*(resources.get(name, 0) for name in CLASSES))


@dataclass(frozen=True, slots=True)
class Machine:
    """A provider-to-be; `model` is empty where there is no GPU."""

    provider: str
    name: str
    total: Amounts
    model: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A consumer-to-be; no `models` means any GPU will do."""

    consumer: str
    name: str
    wants: Amounts
    models: frozenset[str] = frozenset()


def trait_of(model: str) -> str:
    """The custom trait that stands for a GPU model."""
    return f"CUSTOM_GPU_{re.sub('[^A-Z0-9]', '_', model.upper())}"


def id_of(kind: str, name: str) -> str:
    """The same id for the same thing, so that declaring a fleet again changes nothing."""
    return str(uuid5(NAMESPACE_URL, f"allocation-worker:{kind}:{name}"))
