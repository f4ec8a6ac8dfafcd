"""Tasks of realistic sizes, drawn by weight: mostly one GPU or a share of one, some none, a few whole machines."""

from random import Random
from typing import Final
from uuid import UUID

from worker.cli.workload.amounts import WHOLE_GPU, Amounts, Task

# (weight, what one task wants): the sizes that are commonest in a production GPU cluster, in its proportions.
SIZES: Final = (
    (128, Amounts(3_152, 5_600, 810)),
    (105, Amounts(11_300, 49_152, 1_000)),
    (66, Amounts(11_400, 48_128, 1_000)),
    (58, Amounts(3_152, 5_600, 1_000)),
    (48, Amounts(11_908, 47_104, 470)),
    (45, Amounts(12_500, 57_344)),
    (44, Amounts(8_000, 30_517, 470)),
    (35, Amounts(32_000, 49_152)),
    (31, Amounts(18_708, 64_512, 1_000)),
    (29, Amounts(11_908, 47_104, 650)),
    (24, Amounts(9_810, 41_560, 1_000)),
    (20, Amounts(12_000, 24_576, 1_000)),
    (20, Amounts(8_000, 30_517)),
    (19, Amounts(15_700, 58_368, 1_000)),
    (15, Amounts(15_400, 51_200)),
    (14, Amounts(4_000, 22_888, 320)),
    (13, Amounts(8_000, 16_384, 1_000)),
    (10, Amounts(4_000, 30_517, 230)),
    (9, Amounts(24_200, 93_184, 1_000)),
    (6, Amounts(88_000, 327_680, 8_000)),
    (4, Amounts(32_000, 131_072, 2_000)),
    (4, Amounts(4_000, 15_258, 160)),
    (3, Amounts(48_000, 196_608, 4_000)),
)
# (weight, GPU models that will do); none named: any.
DEMANDS: Final = (
    (67, frozenset[str]()),
    (17, frozenset({"T4"})),
    (5, frozenset({"G2"})),
    (4, frozenset({"P100"})),
    (2, frozenset({"V100M16", "V100M32"})),
    (2, frozenset({"P100", "V100M16", "V100M32"})),
    (1, frozenset({"G3"})),
    (1, frozenset({"G2", "P100", "T4", "V100M16", "V100M32"})),
    (1, frozenset({"A10", "T4"})),
)
# (weight, GPUs of one machine, what they are wanted with): tasks that fill a machine or half of one.
LARGE: Final = (
    (5, 2, Amounts(16_000, 65_536, 2_000)),
    (4, 4, Amounts(48_000, 196_608, 4_000)),
    (3, 8, Amounts(88_000, 327_680, 8_000)),
)
PROJECTS: Final = ("vision", "speech", "search", "ranking", "maps", "research")
USERS: Final = ("ada", "grace", "edsger", "barbara", "donald", "leslie")


def draw_task(random: Random) -> Task:
    (wants,) = random.choices([size for _, size in SIZES], [weight for weight, _ in SIZES])  # nosec B311 - repeatable, no secret
    models = frozenset[str]()
    if 0 < wants.gpu_milli <= WHOLE_GPU:  # few models have machines with more
        (models,) = random.choices([demand for _, demand in DEMANDS], [weight for weight, _ in DEMANDS])  # nosec B311 - repeatable, no secret
    return _task(random, wants, models, max(1, wants.gpu_milli // WHOLE_GPU))


def draw_large(random: Random) -> Task:
    """One that wants several whole GPUs of one machine, of any model."""
    ((_, gpus, wants),) = random.choices(LARGE, [weight for weight, _, _ in LARGE])  # nosec B311 - repeatable, no secret
    return _task(random, wants, frozenset(), gpus)


def draw_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))  # nosec B311 - repeatable, no secret


def _task(random: Random, wants: Amounts, models: frozenset[str], gpus: int = 1) -> Task:
    consumer = draw_id(random)
    return Task(consumer, f"task-{consumer[:8]}", wants, models, gpus)
