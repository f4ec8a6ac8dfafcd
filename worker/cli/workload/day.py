"""A made-up day in a cluster: more tasks than there is room for come, and some of them go in between."""

from collections.abc import Sequence
from random import Random
from typing import Final

from worker.cli.workload.amounts import Machine
from worker.cli.workload.tasks import draw_large, draw_task
from worker.cli.workload.trace import Traced

SECONDS: Final = 86_400
# Of the GPUs there are, so much is asked for by those who stay.
ASKED: Final = 1.1
# Of those who come so many go, which leaves gaps; and so many want several GPUs.
GO: Final = 0.3
LARGE: Final = 0.06


def day(machines: Sequence[Machine], random: Random) -> list[Traced]:
    """By the moments at which they come."""
    most = ASKED * sum(machine.total.gpu_milli for machine in machines)
    tasks: list[Traced] = []
    asked = 0
    while asked < most:
        task = draw_large(random) if random.random() < LARGE else draw_task(random)  # nosec B311 - repeatable, no secret
        came_at = random.randrange(SECONDS)  # nosec B311 - repeatable, no secret
        goes = random.random() < GO  # nosec B311 - repeatable, no secret
        tasks.append(Traced(task, came_at, random.randint(came_at, SECONDS) if goes else None))  # nosec B311 - repeatable, no secret
        asked += 0 if goes else task.wants.gpu_milli
    return sorted(tasks, key=lambda traced: traced.came_at)
