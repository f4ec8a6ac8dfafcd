"""A fleet like a real one: how many machines of which shape, and a smaller or larger one of the same proportions."""

from dataclasses import dataclass
from typing import Final

from worker.cli.workload.amounts import WHOLE_GPU, Amounts, Machine, id_of

GIB: Final = 1_024


@dataclass(frozen=True, slots=True)
class Shape:
    """`count` machines alike."""

    count: int
    cores: int
    memory_gib: int
    gpus: int = 0
    model: str = ""

    @property
    def total(self) -> Amounts:
        return Amounts(self.cores * 1_000, self.memory_gib * GIB, self.gpus * WHOLE_GPU)


# What a production GPU cluster of 2023 consisted of, as its operator published it.
SHAPES: Final = (
    Shape(129, 32, 256),
    Shape(59, 96, 512),
    Shape(30, 96, 384),
    Shape(23, 32, 128),
    Shape(22, 64, 512),
    Shape(20, 104, 512),
    Shape(10, 32, 64),
    Shape(8, 64, 256),
    Shape(4, 64, 128),
    Shape(3, 104, 768),
    Shape(1, 104, 192),
    Shape(1, 96, 768),
    Shape(549, 96, 384, 8, "G2"),
    Shape(387, 104, 512, 2, "T4"),
    Shape(107, 16, 120, 2, "P100"),
    Shape(39, 128, 768, 8, "G3"),
    Shape(28, 32, 128, 4, "V100M16"),
    Shape(22, 64, 256, 2, "P100"),
    Shape(21, 96, 768, 8, "V100M32"),
    Shape(19, 8, 32, 1, "V100M16"),
    Shape(17, 96, 384, 4, "T4"),
    Shape(9, 48, 368, 4, "V100M32"),
    Shape(7, 64, 256, 8, "V100M16"),
    Shape(3, 8, 60, 1, "P100"),
    Shape(2, 8, 60, 2, "P100"),
    Shape(2, 128, 1_024, 1, "A10"),
    Shape(1, 82, 336, 8, "V100M16"),
)
MACHINES: Final = sum(shape.count for shape in SHAPES)
MODELS: Final = tuple(sorted({shape.model for shape in SHAPES if shape.model}))


def fleet(machines: int = MACHINES) -> list[Machine]:
    """So many machines in the proportions of SHAPES, by largest remainder; named after shape and number."""
    found = []
    for shape, count in zip(SHAPES, _shares(machines), strict=True):
        gpus = f"-{shape.gpus}{shape.model.lower()}" if shape.gpus else ""
        for number in range(count):
            name = f"m{shape.cores}-{shape.memory_gib}{gpus}-{number:03d}"
            found.append(Machine(id_of("machine", name), name, shape.total, shape.model))
    return found


def _shares(machines: int) -> list[int]:
    exact = [(shape.count * machines, MACHINES) for shape in SHAPES]
    shares = [part // whole for part, whole in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (-(exact[i][0] % exact[i][1]), i))
    for index in by_remainder[: machines - sum(shares)]:
        shares[index] += 1
    return shares
